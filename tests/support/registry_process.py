"""What a second process does to a registry on disk; it imports no learner, so it starts quickly."""

from pathlib import Path

from shopwright.adapters.registry_files import FileRegistry
from shopwright.core.types.model import ModelManifest


def publish_and_point(
    folder: Path, manifest: ModelManifest, files: dict[str, bytes], alias: str
) -> None:
    """Publish the same model and move one alias, twenty times."""
    registry = FileRegistry(folder)
    for _ in range(20):
        version = registry.publish(manifest, files)
        registry.point(manifest.store_id, manifest.task, alias, version)
