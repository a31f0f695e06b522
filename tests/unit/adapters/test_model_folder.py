"""What only a model registry on disk can get wrong."""

import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from made_model import OTHER, STORE, TASK, published_form
from published_model import NAMES, published
from registry_process import publish_and_point

from shopwright.adapters.registry_files import FileRegistry
from shopwright.core.types.identity import ModelVersion

SHOP, LAMPS = STORE.store_id, OTHER.store_id

__all__ = ["published"]


class TestFolder:
    """What only a registry on disk can get wrong."""

    def test_nothing_half_written_is_ever_a_model(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The disk fails at each sync and rename in turn; afterwards it is whole or absent."""
        manifest, files = published_form()
        for failing in range(100):
            folder = tmp_path / str(failing)
            with monkeypatch.context() as patch:
                tried = _fail_at(patch, failing)
                try:
                    version = FileRegistry(folder).publish(manifest, files)
                except OSError:
                    assert len(tried) == failing + 1
                else:
                    break
            again = FileRegistry(folder)
            listed = again.versions(SHOP, "propensity")
            assert listed in ([], [again.publish(manifest, files)])
            assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []
        # The folder itself, six files and their folder are on disk before the one rename.
        assert tried == ["fsync"] * 8 + ["rename", "fsync"]
        assert dict(FileRegistry(folder).fetch(version).files) == files

    def test_leftovers_of_a_dead_process_are_cleared_and_never_listed(self, tmp_path: Path) -> None:
        left = tmp_path / ".publish-dead"
        left.mkdir()
        (left / "model.json").write_bytes(b"{")
        registry = FileRegistry(tmp_path)
        assert registry.versions(SHOP, "propensity") == []
        version = registry.publish(*published_form())
        assert [path.name for path in tmp_path.iterdir()] == [version]

    def test_two_processes_publish_and_point_at_once(self, tmp_path: Path) -> None:
        context = multiprocessing.get_context("spawn")
        workers = [
            context.Process(target=publish_and_point, args=(tmp_path, *published_form(), alias))
            for alias in ("champion", "challenger")
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
            assert worker.exitcode == 0
        registry = FileRegistry(tmp_path)
        (version,) = registry.versions(SHOP, "propensity")
        assert registry.pointed(SHOP, "propensity", "champion") == version
        assert registry.pointed(SHOP, "propensity", "challenger") == version

    def test_only_plain_text_lies_on_the_disk(self, published: tuple[Path, ModelVersion]) -> None:
        paths = [path for path in published[0].rglob("*") if path.is_file()]
        assert {path.name for path in paths} == {*NAMES, f"{TASK.name}.json"}
        for path in paths:
            text = path.read_text("utf-8")
            if path.suffix == ".json":
                json.loads(text)


def _fail_at(patch: pytest.MonkeyPatch, failing: int) -> list[str]:
    """Let the ``failing``-th fsync or rename raise; return the list of those that are tried."""
    tried: list[str] = []

    def counted(name: str) -> Callable[..., object]:
        real = getattr(os, name)

        def call(*arguments: object) -> object:
            tried.append(name)
            if len(tried) - 1 == failing:
                raise OSError(28, "No space left on device")
            return real(*arguments)

        return call

    for name in ("fsync", "rename"):
        patch.setattr(os, name, counted(name))
    return tried
