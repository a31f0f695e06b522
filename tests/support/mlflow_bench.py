"""A mirror on a real MLflow with a SQLite store, and eyes to look into it."""

import logging
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from made_model import STORE, published_form, trained

from shopwright.adapters.memory_registry import MemoryRegistry
from shopwright.adapters.mlflow_mirror import MlflowMirror
from shopwright.core.types.identity import ModelVersion
from shopwright.core.types.store import Store
from shopwright.training.registration import OUTBOX_KIND, encode_registration, registration_of

NAME = f"{STORE.store_id}.propensity"


class ListOutbox:
    """The port Outbox on a dict."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], bytes] = {}

    def add(self, kind: str, key: str, body: bytes) -> None:
        self.items[kind, key] = body

    def pending(self, kind: str, limit: int) -> Sequence[tuple[str, bytes]]:
        return [(key, body) for (of, key), body in self.items.items() if of == kind][:limit]

    def done(self, kind: str, key: str) -> None:
        del self.items[kind, key]


def quiet() -> None:
    """What the front door does before MLflow is imported."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)


class Bench:
    """A mirror on a fresh copy of the database, and eyes to look into it."""

    def __init__(self, migrated: Path, folder: Path) -> None:
        from mlflow import MlflowClient

        self.folder = folder
        self.database = Path(shutil.copy(migrated, folder / "mlflow.db"))
        self.models, self.outbox = MemoryRegistry(), ListOutbox()
        self.client = MlflowClient(f"sqlite:///{self.database}")
        self.mirror = self.opened(quiet)

    def opened(self, prepare: Callable[[], None], uri: str | None = None) -> MlflowMirror:
        return MlflowMirror(
            self.outbox,
            self.models,
            uri or f"sqlite:///{self.database}",
            self.folder / "mlartifacts",
            prepare,
        )

    def publish(self, store: Store = STORE, **changes: object) -> ModelVersion:
        return self.models.publish(*published_form(store, **changes))

    def tell(self, version: ModelVersion, *aliases: str) -> None:
        manifest = self.models.fetch(version).manifest
        told = registration_of(manifest, version, aliases, trained().verdict.reason)
        self.outbox.add(OUTBOX_KIND, told.key, encode_registration(told))

    def versions(self, name: str = NAME) -> dict[str, Any]:
        found = self.client.search_model_versions(f"name = '{name}'")
        return {version.tags["model_version"]: version for version in found}

    def runs(self, name: str = NAME) -> list[Any]:
        experiment = self.client.get_experiment_by_name(name)
        return list(self.client.search_runs([experiment.experiment_id]))

    def bearer(self, alias: str) -> str:
        found = self.client.get_model_version_by_alias(NAME, alias)
        return str(found.tags["model_version"])
