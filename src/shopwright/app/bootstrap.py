"""Settings → adapters → pipelines: the only place that knows which engines are real."""

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from shopwright.app.master_key import read_master_key
from shopwright.app.own_features import load_views, views_to_learn
from shopwright.app.settings import Settings
from shopwright.core.clock import SystemClock
from shopwright.core.errors import BadInput

if TYPE_CHECKING:
    from shopwright.adapters.api_keys_sqlite import SqliteApiKeys
    from shopwright.adapters.attempts_sqlite import SqliteAttempts
    from shopwright.adapters.audit_sqlite import SqliteAudit
    from shopwright.adapters.connections_sqlite import SqliteConnections, SqliteSlices
    from shopwright.adapters.dead_letters_sqlite import SqliteDeadLetters
    from shopwright.adapters.decisions_sqlite import SqliteDecisions
    from shopwright.adapters.errands_sqlite import SqliteErrands
    from shopwright.adapters.keys_sqlite import SqliteKeys
    from shopwright.adapters.leases_sqlite import SqliteLeases
    from shopwright.adapters.ledger_checkpoints import Checkpoints
    from shopwright.adapters.ledger_feed_sqlite import SqliteLedgerFeed
    from shopwright.adapters.ledger_sqlite import SqliteLedger
    from shopwright.adapters.log_retention import LogRetention
    from shopwright.adapters.log_sqlite import SqliteLog
    from shopwright.adapters.mlflow_mirror import MlflowMirror
    from shopwright.adapters.offline_duckdb import DuckDbOfflineStore
    from shopwright.adapters.online_lmdb import LmdbOnlineStore
    from shopwright.adapters.online_redis import RedisOnlineStore
    from shopwright.adapters.outbox_sqlite import SqliteOutbox
    from shopwright.adapters.privacy_requests_sqlite import SqlitePrivacyRequests
    from shopwright.adapters.registry_files import FileRegistry
    from shopwright.adapters.secrets_sqlite import SqliteSecrets
    from shopwright.adapters.sessions_sqlite import SqliteSessions
    from shopwright.adapters.signing_key_sqlite import SqliteSigningKey
    from shopwright.adapters.stores_sqlite import SqliteStores
    from shopwright.adapters.token_vault_sqlite import SqliteTokenVault
    from shopwright.adapters.users_sqlite import SqliteUsers
    from shopwright.pipelines.archive import Archiver
    from shopwright.pipelines.ingest import Intake
    from shopwright.pipelines.model_removal import TrackedRemoval
    from shopwright.pipelines.predict import Scoring
    from shopwright.pipelines.record_predictions import PredictionRecorder
    from shopwright.pipelines.train import Trainer

# Each function imports its own engine: a process pays only for what it uses.
# ruff: noqa: PLC0415


def open_log(settings: Settings, partition: str | None = None) -> "SqliteLog":
    """Open the log, to write one partition or to read all of them."""
    from shopwright.adapters.log_sqlite import SqliteLog

    return SqliteLog(settings.home / "log", partition)


def open_keys(settings: Settings) -> "SqliteKeys":
    """Open the keys. Raises NotReady without a master key, Damaged with a wrong one."""
    from shopwright.adapters.erasure_journal import ErasureJournal
    from shopwright.adapters.keys_sqlite import SqliteKeys

    return SqliteKeys(
        settings.home / "keys.db",
        read_master_key(settings),
        journal=ErasureJournal(settings.erasure_journal, settings.home),
        entropy=os.urandom,
    )


def open_secrets(settings: Settings) -> "SqliteSecrets":
    """Open the webhook secrets."""
    from shopwright.adapters.secrets_sqlite import SqliteSecrets

    return SqliteSecrets(
        settings.home / "control.db", read_master_key(settings), entropy=os.urandom
    )


def open_privacy_requests(settings: Settings) -> "SqlitePrivacyRequests":
    """Open what was asked about people's data."""
    from shopwright.adapters.privacy_requests_sqlite import SqlitePrivacyRequests

    return SqlitePrivacyRequests(settings.home / "control.db")


def open_signing_key(settings: Settings) -> "SqliteSigningKey":
    """Open the key that signs receipts."""
    from shopwright.adapters.signing_key_sqlite import SqliteSigningKey

    return SqliteSigningKey(
        settings.home / "control.db", read_master_key(settings), entropy=os.urandom
    )


def open_vault(settings: Settings) -> "SqliteTokenVault":
    """Open the credentials of connected stores."""
    from shopwright.adapters.token_vault_sqlite import SqliteTokenVault

    return SqliteTokenVault(
        settings.home / "control.db", read_master_key(settings), entropy=os.urandom
    )


def open_leases(settings: Settings) -> "SqliteLeases":
    """Open the list of who does what only one may do at a time."""
    from shopwright.adapters.leases_sqlite import SqliteLeases

    return SqliteLeases(settings.home / "control.db")


def open_connections(settings: Settings) -> "SqliteConnections":
    """Open what is known of connected stores."""
    from shopwright.adapters.connections_sqlite import SqliteConnections

    return SqliteConnections(settings.home / "control.db")


def open_slices(settings: Settings) -> "SqliteSlices":
    """Open how far each backfill has come."""
    from shopwright.adapters.connections_sqlite import SqliteSlices

    return SqliteSlices(settings.home / "control.db")


def open_stores(settings: Settings) -> "SqliteStores":
    """Open the directory of stores."""
    from shopwright.adapters.stores_sqlite import SqliteStores

    return SqliteStores(settings.home / "control.db")


def open_decisions(settings: Settings) -> "SqliteDecisions":
    """Open the decision log."""
    from shopwright.adapters.decisions_sqlite import SqliteDecisions

    return SqliteDecisions(settings.home / "control.db")


def open_errands(settings: Settings) -> "SqliteErrands":
    """Open what operators asked the running worker to do."""
    from shopwright.adapters.errands_sqlite import SqliteErrands

    return SqliteErrands(settings.home / "control.db")


def open_dead_letters(settings: Settings) -> "SqliteDeadLetters":
    """Open the list of events that could not be read."""
    from shopwright.adapters.dead_letters_sqlite import SqliteDeadLetters

    return SqliteDeadLetters(settings.home / "ledger" / "00.sqlite")


def open_checkpoints(settings: Settings) -> "Checkpoints":
    """Open the verified copies of the ledger."""
    from shopwright.adapters.ledger_checkpoints import Checkpoints
    from shopwright.pipelines.digest import ledger_digest

    return Checkpoints(settings.home / "ledger" / "00.sqlite", ledger_digest)


def open_retention(settings: Settings) -> "LogRetention":
    """Open the log to remove segments that nobody needs any more."""
    from shopwright.adapters.log_retention import LogRetention

    return LogRetention(settings.home / "log")


def open_audit(settings: Settings) -> "SqliteAudit":
    """Open the audit trail."""
    from shopwright.adapters.audit_sqlite import SqliteAudit

    return SqliteAudit(settings.home / "control.db")


def open_users(settings: Settings) -> "SqliteUsers":
    """Open the list of people who may sign in."""
    from shopwright.adapters.users_sqlite import SqliteUsers

    return SqliteUsers(settings.home / "control.db")


def open_sessions(settings: Settings) -> "SqliteSessions":
    """Open the list of who is signed in."""
    from shopwright.adapters.sessions_sqlite import SqliteSessions

    return SqliteSessions(settings.home / "control.db")


def open_api_keys(settings: Settings) -> "SqliteApiKeys":
    """Open the list of API keys."""
    from shopwright.adapters.api_keys_sqlite import SqliteApiKeys

    return SqliteApiKeys(settings.home / "control.db")


def open_attempts(settings: Settings) -> "SqliteAttempts":
    """Open the count of failed attempts to sign in."""
    from shopwright.adapters.attempts_sqlite import SqliteAttempts

    return SqliteAttempts(settings.home / "control.db")


def open_outbox(settings: Settings) -> "SqliteOutbox":
    """Open the outbox."""
    from shopwright.adapters.outbox_sqlite import SqliteOutbox

    return SqliteOutbox(settings.home / "control.db")


def open_ledger(settings: Settings, *, read_only: bool = False) -> "SqliteLedger":
    """Open the ledger; only the worker writes it. Raises Busy."""
    from shopwright.adapters.ledger_sqlite import SqliteLedger

    return SqliteLedger(settings.home / "ledger" / "00.sqlite", read_only=read_only)


def open_feed(settings: Settings) -> "SqliteLedgerFeed":
    """Open the ledger as its copies see it."""
    from shopwright.adapters.ledger_feed_sqlite import SqliteLedgerFeed

    return SqliteLedgerFeed(settings.home / "ledger" / "00.sqlite")


def open_online(
    settings: Settings, *, readonly: bool = True
) -> "LmdbOnlineStore | RedisOnlineStore":
    """Open the online store; only the worker writes it. Raises BadInput without the extra."""
    if settings.redis_url is not None:
        return _open_redis(settings)
    from shopwright.adapters.online_lmdb import LmdbOnlineStore

    folder = settings.home / "online.lmdb"
    if not readonly:
        return LmdbOnlineStore(folder)
    return _read_online(folder)


def open_online_to_look(settings: Settings) -> "LmdbOnlineStore | RedisOnlineStore":
    """Open it to be closed again: this process may open the folder for writing later."""
    if settings.redis_url is not None:
        return _open_redis(settings)
    from shopwright.adapters.online_lmdb import LmdbOnlineStore

    return LmdbOnlineStore(settings.home / "online.lmdb", readonly=True)


def _open_redis(settings: Settings) -> "RedisOnlineStore":
    try:
        from shopwright.adapters.online_redis import RedisOnlineStore
    except ImportError as error:
        raise BadInput(
            "redis_url is set, and the client of Redis is not installed; "
            "`pip install 'shopwright[redis]'`"
        ) from error
    return RedisOnlineStore(str(settings.redis_url), settings.redis_prefix)


@cache
def _read_online(folder: Path) -> "LmdbOnlineStore":
    """One reader a process: LMDB must not be opened twice by the same one."""
    from shopwright.adapters.online_lmdb import LmdbOnlineStore

    return LmdbOnlineStore(folder, readonly=True)


def open_offline(settings: Settings) -> "DuckDbOfflineStore":
    """Open the Parquet history."""
    from shopwright.adapters.offline_duckdb import DuckDbOfflineStore

    return DuckDbOfflineStore(settings.home / "offline")


def open_registry(settings: Settings) -> "FileRegistry":
    """Open the model folder."""
    from shopwright.adapters.registry_files import FileRegistry

    return FileRegistry(settings.home / "models")


def open_removal(settings: Settings) -> "TrackedRemoval":
    """Open what takes models away for good."""
    from shopwright.pipelines.model_removal import TrackedRemoval

    return TrackedRemoval(open_registry(settings), open_outbox(settings))


def open_intake(settings: Settings, partition: str) -> "Intake":
    """Open what verified events go through; it alone writes its partition of the log."""
    from shopwright.pipelines.ingest import Intake

    return Intake(open_log(settings, partition), open_keys(settings), SystemClock(), os.urandom)


def open_recorder(settings: Settings, partition: str) -> "PredictionRecorder":
    """Open what served predictions are logged through."""
    from shopwright.pipelines.record_predictions import PredictionRecorder

    return PredictionRecorder(open_log(settings, partition), open_keys(settings), os.urandom)


def open_archiver(settings: Settings) -> "Archiver":
    """Open the copy of the ledger to Parquet; for the process that holds the ledger."""
    from shopwright.pipelines.archive import Archiver

    feed = open_feed(settings)
    return Archiver(
        feed=feed, history=feed, stores=open_stores(settings), offline=open_offline(settings)
    )


def open_scoring(settings: Settings) -> "Scoring":
    """Open real-time scoring, with the champions of the decision log loaded and proven."""
    from shopwright.pipelines.predict import Scoring

    scoring = Scoring(
        online=open_online(settings),
        stores=open_stores(settings),
        keys=open_keys(settings),
        registry=open_registry(settings),
        decisions=open_decisions(settings),
        clock=SystemClock(),
        nonces=os.urandom,
        views=load_views(settings),
    )
    scoring.refresh()
    return scoring


def open_trainer(settings: Settings) -> "Trainer":
    """Open the training pipeline."""
    from shopwright.pipelines.train import Trainer

    return Trainer(
        offline=open_offline(settings),
        registry=open_registry(settings),
        decisions=open_decisions(settings),
        outbox=open_outbox(settings),
        clock=SystemClock(),
        joined=views_to_learn(settings),
    )


def open_mirror(settings: Settings) -> "MlflowMirror":
    """Open the mirror of the model folder in MLflow; its telemetry is off."""
    from shopwright.adapters.mlflow_mirror import MlflowMirror
    from shopwright.app.settings import silence_telemetry

    return MlflowMirror(
        open_outbox(settings),
        open_registry(settings),
        f"sqlite:///{(settings.home / 'mlflow.db').absolute()}",
        settings.home / "mlartifacts",
        silence_telemetry,
    )
