"""The mirror on a real MLflow with a SQLite store: told twice, cut short, or away."""

from pathlib import Path

import pytest
from made_model import OTHER, STORE, trained
from mlflow_bench import NAME, Bench, quiet
from msgspec import structs

from shopwright.core.types.identity import ModelVersion
from shopwright.training.registration import OUTBOX_KIND, encode_registration, registration_of

# MLflow's own use of SQLAlchemy warns of what a later release will drop.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_mlflow_knows_everything_that_was_told(bench: Bench) -> None:
    version = bench.publish()
    bench.tell(version, "champion")
    assert bench.mirror.drain(10) == (1, ())
    assert bench.outbox.items == {}
    model = bench.client.get_registered_model(NAME)
    assert model.tags == {
        "store_id": "pots.myshopify.com",
        "currency": "GBP",
        "task": "propensity",
        "feature_view": "customer@1",
        "snapshot": trained().snapshot,
    }
    known = bench.versions()[version]
    assert model.tags.items() <= known.tags.items()
    assert known.tags["verdict"] == trained().verdict.reason
    assert known.tags["as_of"] == "2024-10-04T00:00:00.000000Z"
    assert bench.bearer("champion") == version
    (run,) = bench.runs()
    assert run.info.status == "FINISHED"
    assert known.run_id == run.info.run_id
    assert run.data.metrics["model.pr_auc"] == trained().figures["model"]["pr_auc"]
    assert run.data.metrics["order_count.brier"] == trained().figures["order_count"]["brier"]
    assert run.data.params["depth"] == "3"
    assert run.data.params["rows"] == str(trained().rows)


def test_the_artifacts_are_our_plain_files_byte_for_byte(bench: Bench) -> None:
    bench.tell(bench.publish())
    bench.mirror.drain(10)
    (run,) = bench.runs()
    listed = {item.path for item in bench.client.list_artifacts(run.info.run_id)}
    assert listed == set(trained().files)
    for name, content in trained().files.items():
        there = bench.client.download_artifacts(run.info.run_id, name, str(bench.folder))
        assert Path(there).read_bytes() == content
    assert not [p for p in bench.folder.rglob("*") if p.suffix in (".pkl", ".pickle")]


def test_telling_twice_changes_nothing(bench: Bench) -> None:
    version = bench.publish()
    for _ in range(3):
        bench.tell(version, "champion")
        assert bench.mirror.drain(10).told == 1
    assert list(bench.versions()) == [version]
    assert len(bench.runs()) == 1
    assert len(bench.client.get_metric_history(bench.runs()[0].info.run_id, "model.brier")) == 1


def test_aliases_move_and_are_taken_away(bench: Bench) -> None:
    old, new = bench.publish(seed=1), bench.publish(seed=2)
    bench.tell(old, "champion")
    bench.tell(new, "challenger")
    bench.mirror.drain(10)
    assert (bench.bearer("champion"), bench.bearer("challenger")) == (old, new)
    bench.tell(new, "champion")
    bench.mirror.drain(10)
    assert bench.bearer("champion") == new
    assert bench.client.get_registered_model(NAME).aliases.keys() == {"champion"}
    # An old item that comes late says only what its own version bears.
    bench.tell(old)
    bench.mirror.drain(10)
    assert bench.bearer("champion") == new
    bench.tell(new)
    bench.mirror.drain(10)
    assert bench.client.get_registered_model(NAME).aliases == {}
    assert set(bench.versions()) == {old, new}


def test_the_registered_model_bears_the_tags_of_its_champion(bench: Bench) -> None:
    first, second = bench.publish(snapshot="one"), bench.publish(snapshot="two")
    bench.tell(first, "champion")
    bench.tell(second)
    bench.mirror.drain(10)
    assert bench.client.get_registered_model(NAME).tags["snapshot"] == "one"
    bench.tell(second, "champion")
    bench.mirror.drain(10)
    assert bench.client.get_registered_model(NAME).tags["snapshot"] == "two"


def test_stores_are_apart(bench: Bench) -> None:
    ours, theirs = bench.publish(), bench.publish(OTHER)
    bench.tell(ours, "champion")
    bench.tell(theirs, "champion")
    assert bench.mirror.drain(10).told == 2
    assert list(bench.versions()) == [ours]
    assert list(bench.versions("lamps.myshopify.com.propensity")) == [theirs]
    found = bench.client.search_registered_models("tags.currency = 'EUR'")
    assert [model.name for model in found] == ["lamps.myshopify.com.propensity"]


STEPS = (
    "create_experiment",
    "create_run",
    "log_param",
    "log_metric",
    "log_artifact",
    "set_terminated",
    "create_registered_model",
    "create_model_version",
    "set_registered_model_alias",
    "set_registered_model_tag",
)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_telling_that_was_cut_short_is_finished_later_without_a_twin(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    """MLflow fails before or after each of its steps: the item waits, and nothing is doubled."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    version = bench.publish()
    bench.tell(version, "champion")
    real = getattr(MlflowClient, step)

    def failing(*arguments: object, **named: object) -> object:
        if when == "after":
            real(*arguments, **named)
        raise MlflowException("the server went away")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, step, failing)
        told, ((key, reason),) = bench.mirror.drain(10)
    assert (told, key) == (0, f"{STORE.store_id}/propensity/{version}")
    assert "the server went away" in reason
    assert len(bench.outbox.items) == 1
    assert bench.mirror.drain(10) == (1, ())
    assert list(bench.versions()) == [version]
    (run,) = bench.runs()
    assert run.info.status == "FINISHED"
    assert len(run.data.metrics) == 20
    assert bench.bearer("champion") == version
    assert {item.path for item in bench.client.list_artifacts(run.info.run_id)} == set(
        trained().files
    )


def test_one_bad_item_does_not_hold_up_the_others(bench: Bench) -> None:
    version = bench.publish()
    told = registration_of(bench.models.fetch(version).manifest, version, [], "")
    for key, body in {
        "garbage": b"\xff",
        "gone": encode_registration(structs.replace(told, version=ModelVersion("0" * 64))),
        "quoted": encode_registration(structs.replace(told, task="x' or name = 'y")),
        "foreign": encode_registration(structs.replace(told, files=["../../etc/passwd"])),
    }.items():
        bench.outbox.add(OUTBOX_KIND, key, body)
    other = bench.publish(seed=2)
    bench.tell(other)
    bench.outbox.add("mail", "other kind", b"")
    result = bench.mirror.drain(10)
    assert result.told == 1
    assert {failure.key for failure in result.failures} == {"garbage", "gone", "quoted", "foreign"}
    assert list(bench.versions()) == [other]
    assert ("mail", "other kind") in bench.outbox.items


def test_an_mlflow_that_is_away_leaves_everything_in_the_outbox(bench: Bench) -> None:
    bench.tell(bench.publish(seed=1))
    bench.tell(bench.publish(seed=2))
    (bench.folder / "plain").write_text("no database")
    for uri in (
        f"sqlite:///{bench.folder}/plain",
        f"sqlite:///{bench.folder}/plain/mlflow.db",
        "http://127.0.0.1:9",
    ):
        result = bench.opened(quiet, uri).drain(10)
        assert result.told == 0
        assert len(result.failures) == len(bench.outbox.items) == 2
        assert all(f"MLflow at {uri} is away" in failure.reason for failure in result.failures)
    assert bench.mirror.drain(1).told == 1
    assert bench.mirror.drain(10).told == 1


def test_with_nothing_to_tell_mlflow_is_not_even_prepared(bench: Bench) -> None:
    called: list[bool] = []
    mirror = bench.opened(lambda: called.append(True))
    assert mirror.drain(10) == (0, ())
    assert called == []
    bench.tell(bench.publish())
    assert mirror.drain(10).told == 1
    assert called == [True]
