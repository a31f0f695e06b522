"""R11: whatever happens to a model's bytes, nothing of them is parsed and the damage is named."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_model import OTHER, STORE, published_form, trained
from published_model import NAMES, folder, published

from shopwright.adapters import registry_files
from shopwright.adapters.registry_files import FileRegistry
from shopwright.core.errors import Damaged, TooNew
from shopwright.core.types.identity import ModelVersion

SHOP, LAMPS = STORE.store_id, OTHER.store_id

__all__ = ["folder", "published"]


def _flip(content: bytearray, chance: np.random.Generator) -> bytearray:
    content[int(chance.integers(len(content)))] ^= 1 << int(chance.integers(8))
    return content


def _truncate(content: bytearray, chance: np.random.Generator) -> bytearray:
    return content[: int(chance.integers(len(content)))]


def _zero(content: bytearray, chance: np.random.Generator) -> bytearray:
    start = int(chance.integers(len(content)))
    block = content[start : start + 512]
    content[start : start + 512] = bytes(len(block))
    return content


def _replace(content: bytearray, chance: np.random.Generator) -> bytearray:
    place = int(chance.integers(len(content)))
    content[place] = (content[place] + int(chance.integers(1, 256))) % 256
    return content


def _grow(content: bytearray, chance: np.random.Generator) -> bytearray:
    return content + bytes(chance.bytes(int(chance.integers(1, 600))))


def _double(content: bytearray, _: np.random.Generator) -> bytearray:
    return content + content


def _empty(_: bytearray, __: np.random.Generator) -> bytearray:
    return bytearray()


WAYS = (_flip, _truncate, _zero, _replace, _grow, _double, _empty)


class TestDamage:
    """Whatever happens to the bytes, nothing is parsed and the damage is named."""

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
    @pytest.mark.parametrize("seed", range(10 if os.environ.get("SOAK") else 2))
    def test_a_damaged_file_is_refused(
        self,
        folder: Path,
        published: tuple[Path, ModelVersion],
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        way: Callable[[bytearray, np.random.Generator], bytearray],
        seed: int,
    ) -> None:
        path = folder / published[1] / name
        content = way(bytearray(path.read_bytes()), np.random.default_rng(seed))
        assert content != path.read_bytes()
        path.write_bytes(content)
        if name == "manifest.json":
            # Not even the manifest is parsed before its bytes are known to be the version's.
            monkeypatch.setattr(registry_files.msgspec.json, "decode", _never)
        with pytest.raises(Damaged, match="does not have its SHA-256 and was not used"):
            FileRegistry(folder).fetch(published[1])

    @pytest.mark.parametrize("name", NAMES)
    def test_a_missing_file_is_refused(
        self, folder: Path, published: tuple[Path, ModelVersion], name: str
    ) -> None:
        (folder / published[1] / name).unlink()
        with pytest.raises(Damaged, match=f"{name} is missing"):
            FileRegistry(folder).fetch(published[1])

    @pytest.mark.parametrize("name", NAMES)
    def test_a_link_or_folder_in_place_of_a_file_is_refused(
        self, folder: Path, published: tuple[Path, ModelVersion], name: str
    ) -> None:
        path = folder / published[1] / name
        kept = path.rename(folder / f"kept-{name}")
        path.symlink_to(kept)
        with pytest.raises(Damaged, match=f"{name} is missing or is no plain file"):
            FileRegistry(folder).fetch(published[1])
        path.unlink()
        path.mkdir()
        with pytest.raises(Damaged, match=f"{name} is missing or is no plain file"):
            FileRegistry(folder).fetch(published[1])

    def test_a_huge_file_is_refused_without_being_read(
        self, folder: Path, published: tuple[Path, ModelVersion], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(registry_files, "FILE_BYTES_MAX", 1 << 20)
        with (folder / published[1] / "model.json").open("r+b") as file:
            file.truncate(64 << 30)
        with pytest.raises(Damaged, match=r"model\.json is missing or is no plain file"):
            FileRegistry(folder).fetch(published[1])

    def test_another_stores_model_under_this_ones_version_is_refused(
        self, folder: Path, published: tuple[Path, ModelVersion]
    ) -> None:
        registry = FileRegistry(folder)
        theirs = registry.publish(*published_form(OTHER))
        shutil.rmtree(folder / published[1])
        (folder / theirs).rename(folder / published[1])
        with pytest.raises(Damaged):
            registry.fetch(published[1])
        with pytest.raises(Damaged):
            registry.pointed(SHOP, "propensity", "champion")
        assert registry.versions(LAMPS, "propensity") == []

    def test_a_file_of_another_model_is_refused(
        self, folder: Path, published: tuple[Path, ModelVersion]
    ) -> None:
        other = trained(2).files["model.json"]
        (folder / published[1] / "model.json").write_bytes(other)
        with pytest.raises(Damaged, match=r"model\.json does not have its SHA-256"):
            FileRegistry(folder).fetch(published[1])

    def test_an_alias_bent_to_another_stores_model_is_refused(
        self, folder: Path, published: tuple[Path, ModelVersion]
    ) -> None:
        registry = FileRegistry(folder)
        theirs = registry.publish(*published_form(OTHER))
        path = folder / "aliases" / SHOP / "propensity.json"
        path.write_text(path.read_text().replace(published[1], theirs))
        with pytest.raises(Damaged, match="which is propensity of lamps"):
            registry.pointed(SHOP, "propensity", "champion")

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"\x00" * 90,
            b"[]",
            json.dumps({"format": 1, "store_id": SHOP, "task": "propensity"}).encode(),
            json.dumps(
                {"format": 1, "store_id": LAMPS, "task": "propensity", "aliases": {}}
            ).encode(),
            json.dumps(
                {
                    "format": 1,
                    "store_id": SHOP,
                    "task": "propensity",
                    "aliases": {"champion": "../../etc"},
                }
            ).encode(),
        ],
    )
    def test_a_damaged_alias_file_is_refused_and_can_be_written_again(
        self, folder: Path, published: tuple[Path, ModelVersion], content: bytes
    ) -> None:
        registry = FileRegistry(folder)
        (folder / "aliases" / SHOP / "propensity.json").write_bytes(content)
        with pytest.raises(Damaged, match=r"propensity of pots\.myshopify\.com"):
            registry.pointed(SHOP, "propensity", "champion")
        registry.point(SHOP, "propensity", "champion", published[1])
        assert registry.pointed(SHOP, "propensity", "champion") == published[1]

    def test_an_alias_file_of_a_newer_release_is_left_alone(
        self, folder: Path, published: tuple[Path, ModelVersion]
    ) -> None:
        path = folder / "aliases" / SHOP / "propensity.json"
        path.write_text(path.read_text().replace('"format":1', '"format":2'))
        newer = path.read_bytes()
        for act in (
            lambda: FileRegistry(folder).pointed(SHOP, "propensity", "champion"),
            lambda: FileRegistry(folder).point(SHOP, "propensity", "champion", published[1]),
        ):
            with pytest.raises(TooNew, match="upgrade it"):
                act()
        assert path.read_bytes() == newer

    def test_publishing_again_mends_a_damaged_model(
        self, folder: Path, published: tuple[Path, ModelVersion]
    ) -> None:
        (folder / published[1] / "model.json").write_bytes(b"{}")
        registry = FileRegistry(folder)
        assert registry.publish(*published_form()) == published[1]
        assert registry.fetch(published[1]).files["model.json"] == trained().files["model.json"]
        assert sorted(path.name for path in folder.iterdir()) == sorted([published[1], "aliases"])


def _never(*_: object, **__: object) -> None:
    raise AssertionError("damaged bytes were parsed")
