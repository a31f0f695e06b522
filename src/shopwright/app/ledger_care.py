"""What the owner of a ledger looks at first: is this the ledger that its copies and log know?"""

import logging

from shopwright.adapters.ledger_swap import lift_revisions
from shopwright.app.bootstrap import open_offline, open_retention
from shopwright.app.rebuilding import ledger_path, sweep
from shopwright.app.settings import Settings
from shopwright.core.errors import Damaged
from shopwright.core.ports import Ledger, LedgerFeed, OnlineStore
from shopwright.core.types.revision import next_generation

log = logging.getLogger("ledger")


def care_for(settings: Settings, ledger: Ledger, feed: LedgerFeed, online: OnlineStore) -> None:
    """Prepare a ledger for its owner. Raises Damaged when it can no longer follow the log."""
    if sweep(settings):
        log.info("a rebuild of the ledger that did not end was removed")
    _check_beginning(settings, ledger)
    _overtake_copies(settings, feed, online)


def _check_beginning(settings: Settings, ledger: Ledger) -> None:
    """A ledger that lacks what was removed from the log would go on with a hole in it."""
    through = ledger.through()
    for partition, removed in open_retention(settings).removed().items():
        if through.get(partition, -1) < removed:
            raise Damaged(
                f"{ledger_path(settings)}: this ledger ends before the place where the shortened "
                f"log begins (partition {partition}): `shopwright replay --adopt` builds it again "
                "from a checkpoint, and a backup has the older log"
            )


def _overtake_copies(settings: Settings, feed: LedgerFeed, online: OnlineStore) -> None:
    """A ledger that is older than its copies (restored, or made anew) must count beyond them."""
    revision = feed.revision()
    copied = [online.through()]
    try:
        copied.append(open_offline(settings).through())
    except Damaged as error:
        log.warning("%s", error)
    if max(copied) > revision:
        lift_revisions(ledger_path(settings), next_generation(revision, *copied))
        log.warning("the ledger is older than its copies; they are made anew")
