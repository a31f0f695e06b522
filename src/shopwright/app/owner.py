"""What the one process that owns the ledger works with; everybody else only reads or asks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct

from shopwright.app.bootstrap import (
    open_archiver,
    open_feed,
    open_keys,
    open_ledger,
    open_log,
    open_online,
    open_privacy_requests,
    open_stores,
)
from shopwright.app.ledger_care import care_for
from shopwright.app.own_features import load_views
from shopwright.app.settings import Settings
from shopwright.core.clock import SystemClock
from shopwright.core.ports import EventLog, KeyStore, Ledger, LedgerFeed, OnlineStore, Stores
from shopwright.events.erased import PARTITION as ERASURES
from shopwright.features.view import FeatureView
from shopwright.pipelines.archive import Archiver
from shopwright.pipelines.materialize import Materializer
from shopwright.pipelines.tally import ItemTally


class Owner(Struct, frozen=True, kw_only=True):
    """Pipelines and ports, open for writing, for the length of one block."""

    settings: Settings
    log: EventLog
    erasures: EventLog
    """The same log, open to write what stays of erased people's orders."""
    keys: KeyStore
    stores: Stores
    ledger: Ledger
    feed: LedgerFeed
    online: OnlineStore
    views: Sequence[FeatureView]
    """Those of Shopwright, then the user's own."""
    materializer: Materializer
    archiver: Archiver


@contextmanager
def own(settings: Settings) -> Iterator[Owner]:
    """Own the ledger for the length of a block. Raises Busy when a worker runs."""
    ledger = open_ledger(settings)
    online = erasures = None
    try:
        erasures = open_log(settings, ERASURES)
        online = open_online(settings, readonly=False)
        log, keys, stores, feed = (
            open_log(settings),
            open_keys(settings),
            open_stores(settings),
            open_feed(settings),
        )
        care_for(settings, ledger, feed, online)
        views = load_views(settings)
        yield Owner(
            settings=settings,
            log=log,
            erasures=erasures,
            keys=keys,
            stores=stores,
            ledger=ledger,
            feed=feed,
            online=online,
            views=views,
            materializer=Materializer(
                log=log,
                keys=keys,
                stores=stores,
                ledger=ledger,
                feed=feed,
                online=online,
                requests=open_privacy_requests(settings),
                clock=SystemClock(),
                views=views,
                tally=ItemTally(feed, feed, stores),
            ),
            archiver=open_archiver(settings),
        )
    finally:
        if erasures is not None:
            erasures.close()
        if online is not None:
            online.close()
        ledger.close()
