"""Waits until features and history contain everything that the log holds, or makes it so."""

from collections.abc import Callable

from shopwright.app.bootstrap import open_feed, open_ledger, open_log, open_offline
from shopwright.app.filling import Filling
from shopwright.app.owner import own
from shopwright.app.settings import Settings
from shopwright.core.clock import Clock, SystemClock
from shopwright.core.errors import Busy, NotReady
from shopwright.core.types.log import Position

WAIT_SECONDS_MAX = 600.0
LOOK_SECONDS = 0.1

Taken = Callable[[int], None]
"""Told of log records as they are taken."""


def catch_up(settings: Settings, on_taken: Taken | None = None, clock: Clock | None = None) -> None:
    """Return when ledger, online store and history have reached the log's present end.

    Does the work itself when no worker runs; otherwise waits for the worker. Raises NotReady when
    the worker does not get there in ten minutes.
    """
    clock = clock or SystemClock()
    try:
        with own(settings) as owner:
            owner.materializer.repair_online()
            while (step := owner.materializer.step(settings.batch_records_max)).records:
                if on_taken is not None:
                    on_taken(step.records)
            filling = Filling(owner)
            while filling.step():
                pass
            owner.archiver.step()
    except Busy:
        _wait(settings, clock)


def _wait(settings: Settings, clock: Clock) -> None:
    wanted = open_log(settings).end()
    ledger, feed, offline = (
        open_ledger(settings, read_only=True),
        open_feed(settings),
        open_offline(settings),
    )
    revision: int | None = None
    for _ in range(round(WAIT_SECONDS_MAX / LOOK_SECONDS)):
        if revision is None and _reached(ledger.through(), wanted):
            # Later commits are not waited for: a busy shop makes another one before each copy.
            revision = feed.revision()
        if revision is not None and offline.through() >= revision:
            return
        clock.sleep(LOOK_SECONDS)
    raise NotReady(
        "the worker has not taken in everything after ten minutes; "
        "`shopwright doctor` says what holds it up"
    )


def _reached(through: Position, wanted: Position) -> bool:
    return all(through.get(partition, -1) >= offset for partition, offset in wanted.items())
