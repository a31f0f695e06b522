"""What every ModelRemoval promises; and that the one on disk may be killed at any of its steps."""

import os
import shutil
from pathlib import Path

import pytest
from made_model import OTHER, STORE, published_form

from shopwright.adapters import registry_files
from shopwright.adapters.memory_control import MemoryOutbox
from shopwright.adapters.memory_registry import MemoryRegistry
from shopwright.adapters.registry_files import FileRegistry
from shopwright.core.errors import BadInput, NotReady
from shopwright.core.types.identity import ModelVersion
from shopwright.pipelines.model_removal import TrackedRemoval
from shopwright.training.registration import FORGET_KIND

SHOP, LAMPS = STORE.store_id, OTHER.store_id
NOBODY = ModelVersion("0" * 64)
Registry = FileRegistry | MemoryRegistry


@pytest.fixture(params=["memory", "files"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Registry:
    return MemoryRegistry() if request.param == "memory" else FileRegistry(tmp_path / "models")


class TestModelRemoval:
    """The port's contract."""

    def test_a_removed_model_is_gone_with_every_alias_that_named_it(
        self, registry: Registry
    ) -> None:
        gone, kept = (registry.publish(*published_form(seed=seed)) for seed in (1, 2))
        for alias in ("champion", "shadow"):
            registry.point(SHOP, "propensity", alias, gone)
        registry.point(SHOP, "propensity", "challenger", kept)
        assert registry.remove(gone) is True
        assert registry.versions(SHOP, "propensity") == [kept]
        with pytest.raises(NotReady):
            registry.fetch(gone)
        named = [registry.pointed(SHOP, "propensity", a) for a in ("champion", "shadow")]
        assert named == [None, None]
        assert registry.pointed(SHOP, "propensity", "challenger") == kept

    def test_removing_again_or_what_never_was_changes_nothing(self, registry: Registry) -> None:
        version = registry.publish(*published_form())
        assert registry.remove(NOBODY) is False
        assert registry.remove(version) is True
        assert registry.remove(version) is False

    def test_only_a_version_can_be_removed(self, registry: Registry) -> None:
        for name in ("aliases", "..", "", "0" * 63):
            with pytest.raises(BadInput):
                registry.remove(ModelVersion(name))

    def test_another_stores_model_stays(self, registry: Registry) -> None:
        ours, theirs = (registry.publish(*published_form(store)) for store in (STORE, OTHER))
        registry.point(LAMPS, "propensity", "champion", theirs)
        registry.remove(ours)
        assert registry.pointed(LAMPS, "propensity", "champion") == theirs

    def test_a_removed_model_may_be_published_again(self, registry: Registry) -> None:
        version = registry.publish(*published_form())
        registry.remove(version)
        assert registry.publish(*published_form()) == version
        assert registry.fetch(version).version == version


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


STEPS = [
    (owner, name, when)
    for owner, name in (
        (Path, "replace"),
        (Path, "rename"),
        (registry_files, "sync_folder"),
        (shutil, "rmtree"),
        (os, "fsync"),
    )
    for when in ("before", "after")
]


@pytest.mark.parametrize(("owner", "name", "when"), STEPS)
def test_a_removal_killed_at_any_step_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, when: str
) -> None:
    folder = tmp_path / "models"
    registry = FileRegistry(folder)
    version = registry.publish(*published_form())
    secret = (folder / version / "model.json").read_bytes()
    registry.point(SHOP, "propensity", "champion", version)
    real = getattr(owner, name)

    def killed(*arguments: object, **named: object) -> None:
        if when == "after":
            real(*arguments, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed)
        with pytest.raises(KeyboardInterrupt):
            registry.remove(version)
    pointed = FileRegistry(folder).pointed(SHOP, "propensity", "champion")
    assert pointed is None or FileRegistry(folder).fetch(pointed)  # never an alias to nothing
    FileRegistry(folder).remove(version)
    assert FileRegistry(folder).pointed(SHOP, "propensity", "champion") is None
    left = bytes_below(folder)
    assert secret not in left
    assert version.encode() not in left
    assert {path.name for path in folder.iterdir()} == {"aliases"}


def test_an_alias_file_that_cannot_be_read_goes_with_the_model(tmp_path: Path) -> None:
    registry = FileRegistry(tmp_path)
    version = registry.publish(*published_form())
    registry.point(SHOP, "propensity", "champion", version)
    path = tmp_path / "aliases" / SHOP / "propensity.json"
    path.write_bytes(path.read_bytes()[:-2])
    assert registry.remove(version) is True
    assert not path.exists()


def test_the_tracker_is_told_before_the_model_goes() -> None:
    outbox, registry = MemoryOutbox(), MemoryRegistry()
    version = registry.publish(*published_form())

    class Dies:
        def remove(self, version: ModelVersion) -> bool:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TrackedRemoval(Dies(), outbox).remove(version)
    assert outbox.pending(FORGET_KIND, 9) == ((version, b""),)
    assert TrackedRemoval(registry, outbox).remove(version) is True
    assert TrackedRemoval(registry, outbox).remove(version) is False
    assert outbox.pending(FORGET_KIND, 9) == ((version, b""),)
