"""What the owner of the ledger does beside the stream of events."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shopwright.app.adopting import ADOPT, adopting
from shopwright.app.backup.age import BackupAge
from shopwright.app.bootstrap import open_errands, open_offline
from shopwright.app.checkpointing import SECONDS_MAX, Checkpointing
from shopwright.app.child import PROGRAM
from shopwright.app.copy_care import CopyCare
from shopwright.app.erasing import Erasing
from shopwright.app.errands import REDRIVE, ErrandDesk, redriving
from shopwright.app.filling import Filling
from shopwright.app.job import Job
from shopwright.app.metrics import Metrics
from shopwright.app.owner import Owner
from shopwright.app.parity_watch import ParityWatch
from shopwright.app.settings import child_environment
from shopwright.app.tallying import Tallying
from shopwright.core.clock import SystemClock
from shopwright.core.ports import Chore
from shopwright.pipelines.parity import ParityCheck


@contextmanager
def chores_of(owner: Owner, metrics: Metrics | None = None) -> Iterator[Sequence[Chore]]:
    """Give the chores, most urgent first, for the length of a block; child programs end with it."""
    settings, clock = owner.settings, SystemClock()
    environment = child_environment(settings)

    def start() -> Job:
        return Job(
            [*PROGRAM, "checkpoint"],
            environment,
            nice=settings.train_nice,
            seconds_max=SECONDS_MAX,
        )

    checkpointing = Checkpointing(settings, owner.stores, clock, start)
    desk = ErrandDesk(
        open_errands(settings), {REDRIVE: redriving(owner, clock), ADOPT: adopting(owner)}
    )
    try:
        looks: Sequence[Chore] = ()
        if metrics is not None:
            looks = (
                BackupAge(settings.home, metrics, clock),
                ParityWatch(owner, _parity_check(owner), metrics, clock, os.urandom),
            )
        care = CopyCare(owner.materializer, owner.feed, owner.online, clock)
        yield (
            desk,
            Erasing(owner, metrics),
            care,
            Filling(owner),
            Tallying(owner),
            checkpointing,
            *looks,
        )
    finally:
        checkpointing.end()


def _parity_check(owner: Owner) -> ParityCheck:
    return ParityCheck(feed=owner.feed, online=owner.online, offline=open_offline(owner.settings))
