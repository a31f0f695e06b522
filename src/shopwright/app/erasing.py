"""The erasure as a chore of the process that owns the ledger, and what its metrics show."""

import logging
import os
from functools import partial

from shopwright.adapters.sqlite_gaps import changed_since, erase_gaps
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
from shopwright.app.letting_go import let_go
from shopwright.app.metrics import Metrics
from shopwright.app.owner import Owner
from shopwright.app.privacy_deadlines import is_half_over
from shopwright.core.clock import US_PER_SECOND, Clock, SystemClock
from shopwright.pipelines.erase import Eraser
from shopwright.pipelines.erase_copies import Copies
from shopwright.pipelines.erase_models import CondemnedModels
from shopwright.pipelines.erase_progress import decode
from shopwright.training.tasks import TASKS

log = logging.getLogger("erasing")

LOOK_US = 60 * US_PER_SECOND
"""How often it is looked whether a request is late."""


class Erasing:
    """Steps the eraser; ``metrics`` None counts nothing."""

    def __init__(
        self, owner: Owner, metrics: Metrics | None = None, clock: Clock | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self._metrics = metrics
        self._eraser = open_eraser(owner, self._clock)
        self._counted = 0
        self._settings = owner.settings
        self._requests = open_privacy_requests(owner.settings)
        self._warned: set[str] = set()
        self._looked_us = 0

    def step(self) -> bool:
        """Do the next small piece; say whether there was one."""
        did = self._eraser.step()
        finished = self._eraser.finished - self._counted
        self._counted = self._eraser.finished
        if finished:
            log.info("%d erasures finished: shopwright privacy receipts", finished)
        self._warn_of_the_late()
        if self._metrics is not None:
            self._metrics.counter("shopwright_erasures_total").inc(finished)
            oldest_us = self._eraser.oldest_us()
            age_us = 0 if oldest_us is None else max(0, self._clock.now_us() - oldest_us)
            self._metrics.gauge("shopwright_redaction_age_seconds").set(age_us / US_PER_SECOND)
        return did

    def _warn_of_the_late(self) -> None:
        """Say once of each request that half of its time is gone."""
        now_us = self._clock.now_us()
        if 0 <= now_us - self._looked_us < LOOK_US:
            return
        self._looked_us = now_us
        for request, progress in self._requests.open():
            late = is_half_over(self._settings, request, decode(progress).stage, now_us)
            if late and request.request_id not in self._warned:
                self._warned.add(request.request_id)
                log.warning(
                    "%s %s is not done and half of its time is gone: shopwright privacy requests",
                    request.kind,
                    request.request_id[:12],
                )


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
        erase_gaps=lambda since_us: erase_gaps(changed_since(settings.home, since_us)),
        let_go=partial(let_go, settings),
        renew_checkpoints=partial(renew_checkpoints, settings, clock),
    )
    return Eraser(
        copies,
        clock=clock,
        settle_seconds=settings.erase_settle_seconds,
        models_days_max=settings.erase_models_days_max,
        revived=open_keys(settings),
    )
