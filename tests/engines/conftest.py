"""What several suites of engines share."""

from pathlib import Path

import pytest
from mlflow_bench import Bench, quiet


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty MLflow database: its migrations take seconds, so they run once."""
    quiet()
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def bench(migrated: Path, tmp_path: Path) -> Bench:
    return Bench(migrated, tmp_path)
