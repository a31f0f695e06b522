"""What a web process is made of; ``app/bootstrap.py`` chooses the engines behind it."""

import os
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from shopwright.app import bootstrap
from shopwright.app.intake_trace import IntakeTrace, trace_path
from shopwright.app.master_key import read_master_key
from shopwright.app.own_features import load_views
from shopwright.app.settings import Settings
from shopwright.app.web.remembered import RememberedStores
from shopwright.app.web.sign_in import AccessParts
from shopwright.core.clock import SystemClock
from shopwright.core.ports import OnlineStore, PrivacyRequests, Secrets, Stores
from shopwright.core.types.prediction import Prediction
from shopwright.pipelines.ingest import Intake
from shopwright.pipelines.predict import Scoring
from shopwright.privacy.pseudonyms import derive


class WebParts(Struct, frozen=True, kw_only=True):
    """Pipelines and ports, open and ready to be used from several threads."""

    intake: Intake
    scoring: Scoring
    online: OnlineStore
    secrets: Secrets
    stores: Stores
    access: AccessParts
    requests: PrivacyRequests
    record: Callable[[Sequence[Prediction]], None]
    """Writes predictions to where they can be judged later; may wait for the disk."""
    trace: IntakeTrace = msgspec.field(default_factory=IntakeTrace)


def open_parts(settings: Settings, worker_index: int) -> WebParts:
    """Open every engine that a web process needs; scoring waits for its first ``refresh``.

    Raises Busy when another process writes this worker's part of the log.
    """
    # One of each: a process may open an LMDB folder only once.
    clock = SystemClock()
    online = bootstrap.open_online(settings)
    stores = RememberedStores(bootstrap.open_stores(settings), clock)
    keys = bootstrap.open_keys(settings)
    log = bootstrap.open_log(settings, f"web-{worker_index}")
    return WebParts(
        intake=Intake(log, keys, clock, os.urandom),
        scoring=Scoring(
            online=online,
            stores=stores,
            keys=keys,
            registry=bootstrap.open_registry(settings),
            decisions=bootstrap.open_decisions(settings),
            clock=clock,
            nonces=os.urandom,
            views=load_views(settings),
        ),
        online=online,
        secrets=bootstrap.open_secrets(settings),
        stores=stores,
        access=open_access(settings),
        requests=bootstrap.open_privacy_requests(settings),
        # Predictions have a partition of their own: their writing must not hold up a webhook's.
        record=bootstrap.open_recorder(settings, f"served-{worker_index}").record,
        trace=IntakeTrace(trace_path(settings.run_folder, worker_index)),
    )


def open_access(settings: Settings) -> AccessParts:
    """Open what decides who is let in."""
    return AccessParts(
        users=bootstrap.open_users(settings),
        sessions=bootstrap.open_sessions(settings),
        api_keys=bootstrap.open_api_keys(settings),
        attempts=bootstrap.open_attempts(settings),
        audit=bootstrap.open_audit(settings),
        key=sign_in_key(settings),
        entropy=os.urandom,
    )


def sign_in_key(settings: Settings) -> bytes:
    """Return the key under which attempts to sign in are counted, the same in every process."""
    return derive(read_master_key(settings), "sign-in")
