"""What every model registry promises."""

import hashlib
from pathlib import Path

import pytest
from made_model import OTHER, STORE, published_form

from shopwright.adapters.memory_registry import MemoryRegistry
from shopwright.adapters.registry_files import FileRegistry
from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import BadInput, Damaged, NotReady
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
