"""Tells MLflow of the models: a projection for people, from which nothing is ever served.

MLflow may be away, slow or restored from an old copy. What it should know waits in the outbox, and
telling it twice changes nothing: every run and model version is looked up by its ``model_version``
tag before one is made. MLflow is imported with the first item (2 to 5 CPU seconds).
"""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from shopwright.adapters.mlflow_forget import SQLITE, VERSION_TAG, forget
from shopwright.adapters.model_files import check_names, check_version
from shopwright.core.errors import Damaged, ShopwrightError
from shopwright.core.ports import ModelRegistry, Outbox
from shopwright.training.registration import (
    FORGET_KIND,
    OUTBOX_KIND,
    Registration,
    decode_registration,
)

ALIASES = ("champion", "challenger")
_WAITING_MAX = 10_000
_FINISHED = "FINISHED"
_US_PER_MS = 1000


class Failure(NamedTuple):
    """An item that MLflow could not be told; it waits in the outbox."""

    key: str
    reason: str


class Drained(NamedTuple):
    """What one pass over the outbox did."""

    told: int
    failures: tuple[Failure, ...]


class MlflowMirror:
    """Drains outbox items of kind ``mlflow`` into a tracking server or a SQLite file."""

    def __init__(
        self,
        outbox: Outbox,
        models: ModelRegistry,
        tracking_uri: str,
        artifact_folder: Path,
        prepare: Callable[[], None],
    ) -> None:
        """Connect nothing yet; ``prepare`` runs just before MLflow is imported.

        ``prepare`` is where the caller turns MLflow's telemetry off: MLflow reads that from the
        environment, which only the front door may touch.
        """
        self._outbox = outbox
        self._models = models
        self._tracking_uri = tracking_uri
        self._artifact_folder = artifact_folder
        self._prepare = prepare
        self._mlflow: Any = None
        self._known_errors: tuple[type[Exception], ...] = ()
        self._client: Any = None
        self._forgotten: set[str] = set()

    def drain(self, limit: int) -> Drained:
        """Tell MLflow of at most ``limit`` waiting items, oldest first; what it must forget, first.

        A failed item stays in the outbox with its reason in the result; the next one is tried.
        When MLflow is away, none is tried: its client repeats each request for minutes.
        """
        waiting = [
            (kind, key, body)
            for kind in (FORGET_KIND, OUTBOX_KIND)
            for key, body in self._outbox.pending(kind, limit)
        ][:limit]
        if not waiting:
            return Drained(0, ())
        known_errors = self._import()
        try:
            client = self._reached()
        except known_errors as error:
            away = f"MLflow at {self._tracking_uri} is away ({_first_line(error)})"
            return Drained(0, tuple(Failure(key, away) for _, key, _ in waiting))
        told, failures = 0, []
        for kind, key, body in waiting:
            try:
                if kind == FORGET_KIND:
                    self._forget(client, key)
                elif self._is_forgotten(key):
                    continue
                else:
                    registration = decode_registration(body)
                    _Telling(client, registration, self._artifact_folder).tell(self._models)
            except known_errors as error:
                failures.append(Failure(key, f"{type(error).__name__}: {_first_line(error)}"))
                continue
            self._outbox.done(kind, key)
            told += 1
        return Drained(told, tuple(failures))

    def _forget(self, client: Any, version: str) -> None:
        """Remove a model from MLflow, and what MLflow was still to be told of it."""
        store = client._tracking_client.store
        forget(client, store, self._tracking_uri, self._artifact_folder, version)
        for key, _ in self._outbox.pending(OUTBOX_KIND, _WAITING_MAX):
            if key.endswith(f"/{version}"):
                self._outbox.done(OUTBOX_KIND, key)
        self._forgotten.add(version)

    def _is_forgotten(self, key: str) -> bool:
        return key.rpartition("/")[2] in self._forgotten

    def _import(self) -> tuple[type[Exception], ...]:
        """Import MLflow, prepared; return the errors that mean an item could not be told."""
        if self._mlflow is None:
            self._prepare()
            import mlflow  # noqa: PLC0415 - seconds; only where MLflow is told
            from mlflow.exceptions import MlflowException  # noqa: PLC0415
            from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

            self._mlflow = mlflow
            # MLflow lets errors of its database through as they are.
            self._known_errors = (ShopwrightError, MlflowException, SQLAlchemyError, OSError)
        return self._known_errors

    def _reached(self) -> Any:
        """Return a client whose store has just answered."""
        if self._client is None:
            self._make_file()
            self._client = self._mlflow.MlflowClient(self._tracking_uri, self._tracking_uri)
        self._client.search_experiments(max_results=1)
        return self._client

    def _make_file(self) -> None:
        """Make a local database whole before it has its name.

        MLflow makes its tables in many steps and cannot go on where a killed process stopped.
        """
        path = Path(self._tracking_uri.removeprefix(SQLITE))
        if not self._tracking_uri.startswith(SQLITE) or path.exists():
            return
        fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
        fresh.unlink(missing_ok=True)
        uri = f"{SQLITE}{fresh}"
        self._mlflow.MlflowClient(uri, uri).search_experiments(max_results=1)
        with suppress(FileExistsError):  # another process was faster
            os.link(fresh, path)
        fresh.unlink()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]


class _Telling:
    """One registration on its way into MLflow."""

    def __init__(self, client: Any, registration: Registration, artifact_folder: Path) -> None:
        self._client = client
        self._told = registration
        check_names(registration.store_id, registration.task)
        check_version(registration.version)
        self._name = f"{registration.store_id}.{registration.task}"
        self._artifact_folder = artifact_folder

    def tell(self, models: ModelRegistry) -> None:
        """Make what is missing: experiment, run, registered model, version, aliases."""
        run = self._run(models)
        self._registered_model()
        number = self._model_version(run)
        self._aliases(number)
        if "champion" in self._told.aliases:
            for name, value in self._told.model_tags.items():
                self._client.set_registered_model_tag(self._name, name, value)

    def _run(self, models: ModelRegistry) -> Any:
        experiment_id = self._experiment_id()
        wanted = f"tags.{VERSION_TAG} = '{self._told.version}'"
        found = self._client.search_runs([experiment_id], wanted, max_results=1)
        if found and found[0].info.status == _FINISHED:
            return found[0]
        # A run without its end was cut short: all of it is written again, to the same values.
        run = found[0] if found else self._new_run(experiment_id)
        self._fill(run.info.run_id, models)
        return run

    def _new_run(self, experiment_id: str) -> Any:
        tags = {**self._told.version_tags, VERSION_TAG: self._told.version}
        return self._client.create_run(
            experiment_id,
            start_time=self._told.as_of_us // _US_PER_MS,
            tags=tags,
            run_name=self._told.version[:12],
        )

    def _fill(self, run_id: str, models: ModelRegistry) -> None:
        for name, value in self._told.parameters.items():
            self._client.log_param(run_id, name, value)
        for name, figure in self._told.figures.items():
            at_ms = self._told.as_of_us // _US_PER_MS
            self._client.log_metric(run_id, name, figure, timestamp=at_ms, step=0)
        stored = models.fetch(self._told.version)
        with tempfile.TemporaryDirectory() as folder:
            for name in self._told.files:
                if name not in stored.files:
                    raise Damaged(f"model {self._told.version[:12]} has no file {name!r} to attach")
                path = Path(folder) / name
                path.write_bytes(stored.files[name])
                self._client.log_artifact(run_id, str(path))
        self._client.set_terminated(run_id, _FINISHED)

    def _experiment_id(self) -> str:
        found = self._client.get_experiment_by_name(self._name)
        if found is not None:
            return str(found.experiment_id)
        location = (self._artifact_folder / self._name).resolve().as_uri()
        return str(self._client.create_experiment(self._name, artifact_location=location))

    def _registered_model(self) -> None:
        if not self._client.search_registered_models(f"name = '{self._name}'", max_results=1):
            self._client.create_registered_model(self._name, tags=self._told.model_tags)

    def _model_version(self, run: Any) -> str:
        wanted = f"name = '{self._name}' and tags.{VERSION_TAG} = '{self._told.version}'"
        found = self._client.search_model_versions(wanted, max_results=1)
        if found:
            number = found[0].version
            for name, value in self._told.version_tags.items():
                self._client.set_model_version_tag(self._name, number, name, value)
            return str(number)
        made = self._client.create_model_version(
            self._name,
            source=run.info.artifact_uri,
            run_id=run.info.run_id,
            tags={**self._told.version_tags, VERSION_TAG: self._told.version},
        )
        return str(made.version)

    def _aliases(self, number: str) -> None:
        stands = self._client.get_registered_model(self._name).aliases
        for alias in ALIASES:
            bears = str(stands.get(alias)) == number
            if alias in self._told.aliases and not bears:
                self._client.set_registered_model_alias(self._name, alias, number)
            elif alias not in self._told.aliases and bears:
                self._client.delete_registered_model_alias(self._name, alias)
