"""Models in memory: for tests and for trying things out."""

from collections.abc import Mapping, Sequence

from shopwright.adapters.model_files import (
    check_bears,
    check_file,
    check_names,
    check_publishable,
    check_version,
    read_manifest,
    version_of,
)
from shopwright.core.errors import NotReady
from shopwright.core.types.identity import ModelVersion, StoreId
from shopwright.core.types.model import ModelManifest, StoredModel


class MemoryRegistry:
    """Keeps the same promises as the registry on disk, but for the disk."""

    def __init__(self) -> None:
        self._models: dict[ModelVersion, tuple[bytes, dict[str, bytes]]] = {}
        self._aliases: dict[tuple[StoreId, str, str], ModelVersion] = {}

    def publish(self, manifest: ModelManifest, files: Mapping[str, bytes]) -> ModelVersion:
        """Store a model; the same content always has the same version. Raises BadInput."""
        stored = check_publishable(manifest, files)
        version = version_of(stored)
        self._models.setdefault(version, (stored, dict(files)))
        return version

    def fetch(self, version: ModelVersion) -> StoredModel:
        """Return a model whose files match its manifest. Raises NotReady, Damaged."""
        manifest = self._manifest(version)
        files = {
            name: check_file(version, manifest, name, content)
            for name, content in self._models[version][1].items()
        }
        return StoredModel(version=version, manifest=manifest, files=files)

    def point(self, store_id: StoreId, task: str, alias: str, version: ModelVersion | None) -> None:
        """Let an alias name a version of this store and task, or nothing."""
        check_names(store_id, task, alias)
        if version is None:
            self._aliases.pop((store_id, task, alias), None)
            return
        check_bears(version, self._manifest(version), store_id, task)
        self._aliases[store_id, task, alias] = version

    def pointed(self, store_id: StoreId, task: str, alias: str) -> ModelVersion | None:
        """Return the version that an alias names."""
        check_names(store_id, task, alias)
        return self._aliases.get((store_id, task, alias))

    def versions(self, store_id: StoreId, task: str) -> Sequence[ModelVersion]:
        """Return every version of a store and task, oldest training instant first."""
        check_names(store_id, task)
        manifests = {version: self._manifest(version) for version in self._models}
        mine = [v for v, m in manifests.items() if (m.store_id, m.task) == (store_id, task)]
        return sorted(mine, key=lambda version: manifests[version].as_of_us)

    def remove(self, version: ModelVersion) -> bool:
        """Remove a version and every alias that names it; say whether it was there."""
        check_version(version)
        self._aliases = {at: named for at, named in self._aliases.items() if named != version}
        return self._models.pop(version, None) is not None

    def _manifest(self, version: ModelVersion) -> ModelManifest:
        check_version(version)
        if version not in self._models:
            raise NotReady(f"model {version[:12]} is not here; train it or restore it")
        return read_manifest(version, self._models[version][0])
