"""The erasure as a chore of the process that owns the ledger, and what its metrics show."""

import logging
import os
from functools import partial

from shopwright.app.bootstrap import (
    open_decisions,
    open_keys,
    open_offline,
    open_privacy_requests,
    open_registry,
    open_removal,
    open_secrets,
    open_signing_key,
)
from shopwright.app.checkpointing import renew_checkpoints
from shopwright.app.metrics import Metrics
from shopwright.app.owner import Owner
from shopwright.core.clock import US_PER_SECOND, Clock, SystemClock
from shopwright.pipelines.erase import Eraser
from shopwright.pipelines.erase_copies import Copies
from shopwright.pipelines.erase_models import CondemnedModels
from shopwright.training.tasks import TASKS

log = logging.getLogger("erasing")


class Erasing:
    """Steps the eraser; ``metrics`` None counts nothing."""

    def __init__(
        self, owner: Owner, metrics: Metrics | None = None, clock: Clock | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self._metrics = metrics
        self._eraser = open_eraser(owner, self._clock)
        self._counted = 0

    def step(self) -> bool:
        """Do the next small piece; say whether there was one."""
        did = self._eraser.step()
        finished = self._eraser.finished - self._counted
        self._counted = self._eraser.finished
        if finished:
            log.info("%d erasures finished: shopwright privacy receipts", finished)
        if self._metrics is not None:
            self._metrics.counter("shopwright_erasures_total").inc(finished)
            oldest_us = self._eraser.oldest_us()
            age_us = 0 if oldest_us is None else max(0, self._clock.now_us() - oldest_us)
            self._metrics.gauge("shopwright_redaction_age_seconds").set(age_us / US_PER_SECOND)
        return did


def open_eraser(owner: Owner, clock: Clock) -> Eraser:
    """Open the erasure over everything that the owner works with."""
    settings = owner.settings
    registry = open_registry(settings)
    copies = Copies(
        requests=open_privacy_requests(settings),
        log=owner.log,
        erasures=owner.erasures,
        keys=owner.keys,
        ledger=owner.ledger,
        online=owner.online,
        offline=open_offline(settings),
        models=CondemnedModels(
            registry=registry,
            removal=open_removal(settings),
            decisions=open_decisions(settings),
            clock=clock,
            tasks=sorted(TASKS),
        ),
        secrets=open_secrets(settings),
        stores=owner.stores,
        materializer=owner.materializer,
        archiver=owner.archiver,
        signing_key=open_signing_key(settings).private,
        nonces=os.urandom,
        renew_checkpoints=partial(renew_checkpoints, settings, clock),
    )
    return Eraser(
        copies,
        clock=clock,
        settle_seconds=settings.erase_settle_seconds,
        models_days_max=settings.erase_models_days_max,
        revived=open_keys(settings),
    )
