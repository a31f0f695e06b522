"""What every model registry promises; and that the one on disk serves nothing that was damaged."""

import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_model import OTHER, STORE, TASK, published_form, trained
from registry_process import publish_and_point

from shopwright.adapters import registry_files
from shopwright.adapters.memory_registry import MemoryRegistry
from shopwright.adapters.registry_files import FileRegistry
from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import BadInput, Damaged, NotReady, TooNew
from shopwright.core.ports import ModelRegistry
from shopwright.core.types.identity import ModelVersion, StoreId
from shopwright.training.serving_scorer import check_model, open_scorer

SHOP, LAMPS = STORE.store_id, OTHER.store_id
NOBODY = ModelVersion("0" * 64)


@pytest.fixture(params=["memory", "files"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> ModelRegistry:
    return MemoryRegistry() if request.param == "memory" else FileRegistry(tmp_path / "models")


class TestModelRegistry:
    """The port's contract."""

    def test_a_model_comes_back_as_it_was_published(self, registry: ModelRegistry) -> None:
        manifest, files = published_form()
        version = registry.publish(manifest, files)
        stored = registry.fetch(version)
        assert stored.manifest == manifest
        assert dict(stored.files) == files
        assert stored.version == version
        assert len(version) == 64

    def test_the_same_content_is_the_same_version(self, registry: ModelRegistry) -> None:
        first = registry.publish(*published_form())
        assert registry.publish(*published_form()) == first
        assert registry.versions(SHOP, "propensity") == [first]

    @pytest.mark.parametrize(
        "changed", [{"seed": 9}, {"currency": "USD"}, {"log_through": {}}, {"code_version": "9"}]
    )
    def test_any_difference_is_another_version(
        self, registry: ModelRegistry, changed: dict[str, object]
    ) -> None:
        first = registry.publish(*published_form())
        second = registry.publish(*published_form(**changed))
        assert first != second
        assert registry.fetch(first).manifest != registry.fetch(second).manifest

    def test_what_was_never_published_is_not_ready(self, registry: ModelRegistry) -> None:
        with pytest.raises(NotReady, match="000000000000 is not here"):
            registry.fetch(NOBODY)
        with pytest.raises(NotReady):
            registry.point(SHOP, "propensity", "champion", NOBODY)

    def test_an_alias_names_one_version_or_nothing(self, registry: ModelRegistry) -> None:
        first, second = (registry.publish(*published_form(seed=s)) for s in (1, 2))
        assert registry.pointed(SHOP, "propensity", "champion") is None
        registry.point(SHOP, "propensity", "champion", first)
        registry.point(SHOP, "propensity", "challenger", second)
        assert registry.pointed(SHOP, "propensity", "champion") == first
        registry.point(SHOP, "propensity", "champion", second)
        assert registry.pointed(SHOP, "propensity", "champion") == second
        assert registry.pointed(SHOP, "propensity", "challenger") == second
        registry.point(SHOP, "propensity", "challenger", None)
        registry.point(SHOP, "propensity", "challenger", None)
        assert registry.pointed(SHOP, "propensity", "challenger") is None
        assert registry.pointed(SHOP, "propensity", "champion") == second

    def test_stores_and_tasks_are_apart(self, registry: ModelRegistry) -> None:
        ours = registry.publish(*published_form())
        theirs = registry.publish(*published_form(OTHER))
        weekly = registry.publish(*published_form(task="propensity_7d"))
        assert len({ours, theirs, weekly}) == 3
        assert registry.versions(SHOP, "propensity") == [ours]
        assert registry.versions(LAMPS, "propensity") == [theirs]
        assert registry.versions(SHOP, "propensity_7d") == [weekly]
        registry.point(SHOP, "propensity", "champion", ours)
        assert registry.pointed(LAMPS, "propensity", "champion") is None
        assert registry.pointed(SHOP, "propensity_7d", "champion") is None

    def test_an_alias_never_names_the_model_of_another(self, registry: ModelRegistry) -> None:
        theirs = registry.publish(*published_form(OTHER))
        weekly = registry.publish(*published_form(task="propensity_7d"))
        for version in (theirs, weekly):
            with pytest.raises(Damaged, match="which is propensity"):
                registry.point(SHOP, "propensity", "champion", version)
        assert registry.pointed(SHOP, "propensity", "champion") is None

    def test_versions_are_listed_oldest_first(self, registry: ModelRegistry) -> None:
        as_of = published_form()[0].as_of_us
        days = [3, 1, 4, 0, 2]
        made = {
            day: registry.publish(*published_form(as_of_us=as_of + day * US_PER_DAY))
            for day in days
        }
        assert registry.versions(SHOP, "propensity") == [made[day] for day in sorted(days)]

    def test_files_that_are_not_the_manifests_are_refused(self, registry: ModelRegistry) -> None:
        manifest, files = published_form()
        for wrong in (
            {**files, "model.json": files["model.json"] + b" "},
            {**files, "more.json": b"{}"},
            {name: content for name, content in files.items() if name != "proof.json"},
        ):
            with pytest.raises(BadInput):
                registry.publish(manifest, wrong)
        assert registry.versions(SHOP, "propensity") == []

    @pytest.mark.parametrize(
        "name",
        [
            "../model.json",
            "a/b.json",
            "/etc/passwd",
            "..",
            "",
            "manifest.json",
            "model.pkl",
            "Model.json",
            "model.json\n",
            "model.json\x00.md",
        ],
    )
    def test_a_file_is_named_by_a_plain_word(self, registry: ModelRegistry, name: str) -> None:
        content = b"{}"
        files = {name: hashlib.sha256(content).hexdigest()}
        with pytest.raises(BadInput, match="cannot be a file of a model"):
            registry.publish(published_form(files=files)[0], {name: content})

    @pytest.mark.parametrize("version", ["", "..", "../" * 21 + "a", "A" * 64, "0" * 63, "0" * 65])
    def test_a_version_is_64_hex_digits(self, registry: ModelRegistry, version: str) -> None:
        with pytest.raises(BadInput, match="not a model version"):
            registry.fetch(ModelVersion(version))
        with pytest.raises(BadInput, match="not a model version"):
            registry.point(SHOP, "propensity", "champion", ModelVersion(version))

    @pytest.mark.parametrize(
        ("store_id", "task", "alias"),
        [
            ("../etc", "propensity", "champion"),
            ("a/b.myshopify.com", "propensity", "champion"),
            ("..", "propensity", "champion"),
            ("", "propensity", "champion"),
            (".myshopify.com", "propensity", "champion"),
            (SHOP, "../x", "champion"),
            (SHOP, "", "champion"),
            (SHOP, "propensity", "cham/pion"),
        ],
    )
    def test_no_name_leaves_the_folder(
        self, registry: ModelRegistry, store_id: str, task: str, alias: str
    ) -> None:
        with pytest.raises(BadInput):
            registry.pointed(StoreId(store_id), task, alias)
        with pytest.raises(BadInput):
            registry.point(StoreId(store_id), task, alias, None)
        if alias == "champion":
            with pytest.raises(BadInput):
                registry.versions(StoreId(store_id), task)
            with pytest.raises(BadInput):
                registry.publish(*published_form(store_id=store_id, task=task))

    def test_a_figure_that_is_no_number_is_refused(self, registry: ModelRegistry) -> None:
        with pytest.raises(BadInput, match="is a figure not a number"):
            registry.publish(*published_form(figures={"model": {"pr_auc": float("nan")}}))

    def test_a_manifest_of_another_format_is_refused(self, registry: ModelRegistry) -> None:
        with pytest.raises(BadInput, match="format 2"):
            registry.publish(*published_form(format=2))


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

    def test_a_model_with_one_feature_too_few_is_refused_before_it_serves(
        self, registry: ModelRegistry
    ) -> None:
        """Its checksums are right: it was published wrongly."""
        names = published_form()[0].features
        fewer = registry.fetch(registry.publish(*published_form(features=names[:-1])))
        with pytest.raises(Damaged, match="features"):
            open_scorer(fewer)
        with pytest.raises(Damaged, match="features"):
            check_model(fewer, SHOP, "propensity", names)


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


def _never(*_: object, **__: object) -> None:
    raise AssertionError("damaged bytes were parsed")


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
