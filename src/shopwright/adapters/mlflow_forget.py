"""Takes a model out of MLflow for good: runs, model version, files, and their bytes in SQLite.

MLflow deletes softly: a deleted run keeps its figures, and a deleted model version keeps its row
and its tags, until ``mlflow gc`` runs; and that empties the wastebasket of other people too. So
runs are deleted as ``gc`` does it, one by one. Rows that MLflow never removes are removed here, and
then the file is written anew without what was deleted from it.
"""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from shopwright.adapters.model_files import check_version
from shopwright.adapters.sqlite_database import explained

VERSION_TAG = "model_version"
SQLITE = "sqlite:///"
_BUSY_SECONDS = 10.0
_PAGE = 1_000
_MODEL_VERSION_TABLES = ("model_version_tags", "model_versions")
_NUMBERS = "SELECT name, version FROM model_version_tags WHERE key = ? AND value = ?"
_EVERYTHING = 3
"""``ViewType.ALL``: runs and experiments that were deleted softly as well."""


def forget(client: Any, store: Any, tracking_uri: str, artifact_folder: Path, version: str) -> None:
    """Remove everything that MLflow holds of a model version; what is gone already is no error.

    ``store`` is MLflow's tracking store. A tracking server has none that deletes for good: there,
    what is deleted here stays in its wastebasket until ``mlflow gc`` runs on the server.
    """
    wanted = f"tags.{VERSION_TAG} = '{check_version(version)}'"
    database = _database(tracking_uri)
    names = set() if database is None else _names(database, version)
    names |= _forget_model_versions(client, wanted)
    for experiment, runs in _runs(client, wanted):
        names.add(experiment.name)
        for run in runs:
            _forget_run(client, store, run, artifact_folder)
    for name in sorted(names):
        _forget_if_empty(client, store, name, artifact_folder)
    if database is not None:
        _erase_traces(database, version)


def _database(tracking_uri: str) -> Path | None:
    is_file = tracking_uri.startswith(SQLITE)
    return Path(tracking_uri.removeprefix(SQLITE)) if is_file else None


def _names(database: Path, version: str) -> set[str]:
    """Return the registered models with this version, the softly deleted ones included."""
    with explained(database), closing(_connect(database)) as connection:
        return {name for name, _ in connection.execute(_NUMBERS, (VERSION_TAG, version))}


def _forget_model_versions(client: Any, wanted: str) -> set[str]:
    found = client.search_model_versions(wanted, max_results=_PAGE)
    for one in found:
        for tag in list(one.tags):
            if tag != VERSION_TAG:  # it goes last: a removal that is cut short finds it again
                client.delete_model_version_tag(one.name, one.version, tag)
        client.delete_model_version(one.name, one.version)
    return {one.name for one in found}


def _runs(client: Any, wanted: str) -> Iterator[tuple[Any, Sequence[Any]]]:
    token = None
    while True:
        experiments = client.search_experiments(_EVERYTHING, _PAGE, page_token=token)
        for experiment in experiments:
            runs = client.search_runs([experiment.experiment_id], wanted, _EVERYTHING, _PAGE)
            if runs:
                yield experiment, list(runs)
        token = experiments.token
        if not token:
            return


def _forget_run(client: Any, store: Any, run: Any, artifact_folder: Path) -> None:
    _remove_below(run.info.artifact_uri, artifact_folder, levels=1)
    if run.info.lifecycle_stage != "deleted":
        client.delete_run(run.info.run_id)
    if hasattr(store, "_hard_delete_run"):
        store._hard_delete_run(run.info.run_id)


def _forget_if_empty(client: Any, store: Any, name: str, artifact_folder: Path) -> None:
    """Remove a registered model and an experiment that hold nothing any more.

    Their name is that of the store, which may have been erased.
    """
    found = client.get_experiment_by_name(name)
    if found and not client.search_runs([found.experiment_id], "", _EVERYTHING, 1):
        if found.lifecycle_stage != "deleted":
            client.delete_experiment(found.experiment_id)
        if hasattr(store, "_hard_delete_experiment"):
            store._hard_delete_experiment(found.experiment_id)
        _remove_below(found.artifact_location, artifact_folder, levels=0)
    named = f"name = '{name}'"
    if client.search_registered_models(named, max_results=1) and not client.search_model_versions(
        named, max_results=1
    ):
        client.delete_registered_model(name)


def _remove_below(uri: str, artifact_folder: Path, *, levels: int) -> None:
    """Remove a folder of files, ``levels`` above the one that the address names.

    Only below the folder of our own artifacts: an address that was tampered with removes nothing.
    """
    address = urlsplit(uri)
    if address.scheme not in ("", "file"):
        return
    path = Path(unquote(address.path)).resolve()
    for _ in range(levels):
        path = path.parent
    root = artifact_folder.resolve()
    if path != root and path.is_relative_to(root) and path.exists():
        shutil.rmtree(path)


def _erase_traces(path: Path, version: str) -> None:
    """Remove the rows that MLflow keeps, and write the file anew: its free pages held the rest."""
    with explained(path), closing(_connect(path)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        rows = connection.execute(_NUMBERS, (VERSION_TAG, version)).fetchall()
        connection.execute("BEGIN IMMEDIATE")
        for table in _MODEL_VERSION_TABLES:
            connection.executemany(f"DELETE FROM {table} WHERE name = ? AND version = ?", rows)
        connection.execute("COMMIT")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
