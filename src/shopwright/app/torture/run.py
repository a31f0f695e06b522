"""The torture from beginning to end: furnish, live, audit, search, report."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shopwright.app.bootstrap import open_keys
from shopwright.app.master_key import read_master_key
from shopwright.app.settings import Settings
from shopwright.app.torture.audit import audit, people_gone
from shopwright.app.torture.canaries import canaries
from shopwright.app.torture.chaos import Done, replay
from shopwright.app.torture.installation import Installation, furnish, new_settings
from shopwright.app.torture.leaks import Needles, search
from shopwright.app.torture.life import Life, Order, Status, Tell
from shopwright.app.torture.report import Report, done_of, revision, sent_of
from shopwright.app.torture.traffic import Traffic, plan
from shopwright.core.clock import Clock
from shopwright.core.types.identity import StoreId
from shopwright.pipelines.store_keys import StoreKeys


@contextmanager
def folder(kept: bool) -> Iterator[Path]:
    """Give a folder for one installation; it is removed unless it is to be kept."""
    if kept:
        yield Path(tempfile.mkdtemp(prefix="shopwright-torture-"))
        return
    with tempfile.TemporaryDirectory(
        prefix="shopwright-torture-", ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


def torture(order: Order, place: Path, clock: Clock, tell: Tell) -> Report:
    """Do it all in this folder; return what was found."""
    tell(Status(step="inventing three shops"))
    traffic = plan(order.seed, order.seconds, order.rate, clock.now_us())
    settings = new_settings(place, order.web_workers)
    secrets = furnish(settings, clock)
    installation = Installation(settings, place / "output.txt", clock)
    life = Life(order, traffic, settings, secrets, installation, clock, tell)
    try:
        sent, done, undrained = asyncio.run(life.live())
    finally:
        installation.end()
    if "replay" in order.actions:
        tell(Status(step="replaying the whole log"))
        replay(installation, done)
    tell(Status(step="comparing with the reference"))
    findings = audit(settings, traffic.parcels, done.redacted, clock.now_us())
    tell(Status(step="searching every byte"))
    needles = _needles(settings, traffic, secrets, done)
    leaks = search(needles, [settings.home], [installation.output])
    return Report(
        seed=order.seed,
        revision=revision(),
        minutes=order.seconds / 60,
        rate=order.rate,
        every_seconds=order.every_seconds,
        sent=sent_of(traffic, sent),
        done=done_of(installation, done),
        undrained=undrained,
        findings=findings,
        leaks=leaks,
        searched_for=len(needles),
    )


def _needles(
    settings: Settings, traffic: Traffic, secrets: Mapping[StoreId, bytes], done: Done
) -> Needles:
    keys = StoreKeys(open_keys(settings))
    pseudonymisers = {store_id: keys.pseudonymiser(store_id) for store_id in secrets}
    gone = people_gone(done.redacted, pseudonymisers)
    return Needles(canaries(traffic, secrets, read_master_key(settings), gone))
