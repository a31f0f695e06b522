"""A model that was published to a folder, to be copied and spoiled."""

import shutil
from pathlib import Path

import pytest
from made_model import STORE, published_form

from shopwright.adapters.registry_files import FileRegistry
from shopwright.core.types.identity import ModelVersion

SHOP = STORE.store_id


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ModelVersion]:
    """Return a folder with one store's model, to be copied and damaged."""
    folder = tmp_path_factory.mktemp("whole") / "models"
    registry = FileRegistry(folder)
    version = registry.publish(*published_form())
    registry.point(SHOP, "propensity", "champion", version)
    return folder, version


@pytest.fixture
def folder(published: tuple[Path, ModelVersion], tmp_path: Path) -> Path:
    return Path(shutil.copytree(published[0], tmp_path / "models"))


NAMES = ("model.json", "proof.json", "profile.json", "quality.json", "card.md", "manifest.json")
