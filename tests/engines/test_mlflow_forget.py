"""A model that is forgotten is in no table, file or free page of a real MLflow any more."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from counts import cases
from made_model import OTHER, STORE
from mlflow_bench import NAME, Bench, quiet

from shopwright.adapters import mlflow_forget
from shopwright.core.types.identity import ModelVersion
from shopwright.pipelines.model_removal import TrackedRemoval
from shopwright.training.registration import FORGET_KIND, OUTBOX_KIND

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def traces(bench: Bench, *needles: str) -> dict[str, int]:
    """Count each text in every file that MLflow has."""
    files = [path for path in bench.folder.rglob("*") if path.is_file()]
    found = dict.fromkeys(needles, 0)
    for path in files:
        content = path.read_bytes() + str(path).encode()
        for needle in needles:
            found[needle] += content.count(needle.encode())
    return found


def leave_in_free_pages(database: Path, text: str) -> None:
    """Delete rows as an SQLite does that does not overwrite what it deletes."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE left_over (line TEXT)")
        lines = [(text * 20,)] * 50
        connection.executemany("INSERT INTO left_over VALUES (?)", lines)
        connection.execute("DROP TABLE left_over")
    assert database.read_bytes().count(text.encode()) >= 1_000


def told(bench: Bench, seed: int, *aliases: str) -> tuple[ModelVersion, str]:
    """Tell MLflow of a model; return its version and its run."""
    version = bench.publish(seed=seed)
    bench.tell(version, *aliases)
    assert bench.mirror.drain(10) == (1, ())
    return version, bench.versions()[version].run_id


def remove(bench: Bench, version: ModelVersion) -> None:
    assert TrackedRemoval(bench.models, bench.outbox).remove(version)


def test_a_forgotten_model_leaves_no_byte_and_the_other_stays(bench: Bench) -> None:
    gone, gone_run = told(bench, 1, "champion")
    kept, kept_run = told(bench, 2, "challenger")
    leave_in_free_pages(bench.database, gone)
    before = traces(bench, gone, gone_run, kept, kept_run)
    assert min(before.values()) > 0
    remove(bench, gone)
    assert bench.mirror.drain(10) == (1, ())
    assert bench.outbox.items == {}
    after = traces(bench, gone, gone_run, kept, kept_run)
    assert (after[gone], after[gone_run]) == (0, 0)
    assert (after[kept], after[kept_run]) == (before[kept], before[kept_run])
    assert list(bench.versions()) == [kept]
    assert bench.client.get_registered_model(NAME).aliases.keys() == {"challenger"}
    assert [run.info.run_id for run in bench.runs()] == [kept_run]
    assert bench.client.list_artifacts(kept_run)


def test_the_last_model_takes_the_stores_name_with_it(bench: Bench) -> None:
    theirs = bench.publish(OTHER)
    bench.tell(theirs)
    bench.mirror.drain(10)
    for version in [told(bench, seed)[0] for seed in (1, 2)]:
        remove(bench, version)
    assert bench.mirror.drain(10) == (2, ())
    assert traces(bench, STORE.store_id) == {STORE.store_id: 0}
    assert list(bench.versions(f"{OTHER.store_id}.propensity")) == [theirs]
    # and a model that comes later is told as ever
    version, _ = told(bench, 3, "champion")
    assert bench.bearer("champion") == version


def test_what_was_still_to_be_told_of_it_is_told_no_more(bench: Bench) -> None:
    version = bench.publish()
    bench.tell(version, "champion")
    remove(bench, version)
    assert bench.mirror.drain(10) == (1, ())
    assert bench.outbox.items == {}
    assert bench.client.search_registered_models() == []


def test_forgetting_twice_or_what_never_was_is_no_error(bench: Bench) -> None:
    version, _ = told(bench, 1)
    for key in (version, version, "0" * 64):
        bench.outbox.add(FORGET_KIND, key, b"")
        assert bench.mirror.drain(10) == (1, ())
    bench.outbox.add(FORGET_KIND, "x' or 1=1", b"")
    result = bench.mirror.drain(10)
    assert "is not a model version" in result.failures[0].reason


def test_what_others_threw_away_stays_in_their_wastebasket(bench: Bench) -> None:
    version, _ = told(bench, 1)
    experiment = bench.client.create_experiment("somebody else's")
    run = bench.client.create_run(experiment)
    bench.client.delete_run(run.info.run_id)
    bench.client.delete_experiment(bench.client.create_experiment("thrown away"))
    remove(bench, version)
    assert bench.mirror.drain(10) == (1, ())
    bench.client.restore_run(run.info.run_id)
    deleted = bench.client.search_experiments(2)
    assert [one.name for one in deleted] == ["thrown away"]


STEPS = (
    ("delete_run", "before"),
    ("delete_experiment", "after"),
    ("delete_registered_model", "after"),
    ("delete_model_version", "after"),
    ("delete_model_version", "before"),
    ("delete_model_version_tag", "before"),
    ("delete_model_version_tag", "after"),
    ("delete_run", "after"),
    ("delete_experiment", "before"),
    ("delete_registered_model", "before"),
)


@pytest.mark.parametrize(("step", "when"), STEPS[: cases(4, len(STEPS))])
def test_a_removal_that_was_cut_short_is_finished_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    version, run = told(bench, 1, "champion")
    remove(bench, version)
    real = getattr(MlflowClient, step)

    def failing(*arguments: object, **named: object) -> object:
        if when == "after":
            real(*arguments, **named)
        raise MlflowException("the server went away")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, step, failing)
        drained = bench.mirror.drain(10)
    assert "the server went away" in drained.failures[0].reason
    again = bench.opened(quiet)  # another process
    assert again.drain(10) == (1, ())
    assert traces(bench, version, run, STORE.store_id) == dict.fromkeys(
        (version, run, STORE.store_id), 0
    )


@pytest.mark.parametrize("failing", ["_erase_traces", "_remove_below"])
def test_a_file_that_cannot_be_rewritten_leaves_the_item_waiting(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    version, run = told(bench, 1)
    remove(bench, version)

    def broken(*_: object, **__: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(mlflow_forget, failing, broken)
        assert "no space left" in bench.mirror.drain(10).failures[0].reason
    assert bench.opened(quiet).drain(10) == (1, ())
    assert traces(bench, version, run) == {version: 0, run: 0}


def test_an_address_outside_our_artifacts_removes_nothing(bench: Bench) -> None:
    version, run = told(bench, 1)
    precious = Path(bench.folder / "precious" / "artifacts")
    precious.mkdir(parents=True)
    with closing(sqlite3.connect(bench.database)) as connection, connection:
        connection.execute(
            "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (precious.as_uri(), run)
        )
    remove(bench, version)
    assert bench.mirror.drain(10) == (1, ())
    assert precious.is_dir()
    assert OUTBOX_KIND not in {kind for kind, _ in bench.outbox.items}
