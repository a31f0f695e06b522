"""Everything in which a person can be found, open for writing, for the length of an erasure."""

from collections.abc import Callable

from msgspec import Struct

from shopwright.core.ports import (
    EventLog,
    KeyStore,
    Ledger,
    OfflineStore,
    OnlineStore,
    PrivacyRequests,
    Secrets,
    Stores,
)
from shopwright.core.types.identity import StoreId
from shopwright.pipelines.archive import Archiver
from shopwright.pipelines.erase_models import CondemnedModels
from shopwright.pipelines.materialize import Materializer


def _nothing() -> None:
    """Renew nothing."""


def _not_connected(_store_id: StoreId) -> int:
    """Let go of no connection."""
    return 0


def _no_gaps(_since_us: int) -> None:
    """Leave no gaps."""


class Copies(Struct, frozen=True, kw_only=True):
    """What the owner of the ledger hands to the erasure."""

    requests: PrivacyRequests
    log: EventLog
    erasures: EventLog
    """The same log, opened to write its partition of erasures."""
    keys: KeyStore
    ledger: Ledger
    online: OnlineStore
    offline: OfflineStore
    models: CondemnedModels
    secrets: Secrets
    stores: Stores
    materializer: Materializer
    archiver: Archiver
    signing_key: Callable[[], bytes]
    nonces: Callable[[int], bytes]
    erase_gaps: Callable[[int], None] = _no_gaps
    """Overwrites what lies between the rows of every file that was written since an instant, in
    epoch microseconds. Raises Busy."""
    let_go: Callable[[StoreId], int] = _not_connected
    """Destroys a store's credential and what is known of its connection; says how much it was."""
    renew_checkpoints: Callable[[], None] = _nothing
    """Called once the ledger names the person no more."""
