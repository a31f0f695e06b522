"""The torture from beginning to end: furnish, live, audit, search, report."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

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
from shopwright.app.torture.sender import Sent
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


class Lived(Struct, frozen=True, kw_only=True):
    """An installation that has been tortured and is stopped, and all that is known of its life."""

    order: Order
    settings: Settings
    secrets: Mapping[StoreId, bytes]
    installation: Installation
    traffic: Traffic
    sent: Sent
    done: Done
    undrained: list[str]


def torture(order: Order, place: Path, clock: Clock, tell: Tell) -> Report:
    """Do it all in this folder; return what was found."""
    return judge(live(order, place, clock, tell), clock, tell)


def live(order: Order, place: Path, clock: Clock, tell: Tell) -> Lived:
    """Furnish an installation in this folder, torture it, and stop it."""
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
    return Lived(
        order=order,
        settings=settings,
        secrets=secrets,
        installation=installation,
        traffic=traffic,
        sent=sent,
        done=done,
        undrained=undrained,
    )


def judge(lived: Lived, clock: Clock, tell: Tell) -> Report:
    """Read all that was left behind, and compare it with what was sent."""
    order, settings, done = lived.order, lived.settings, lived.done
    if "replay" in order.actions:
        tell(Status(step="replaying the whole log"))
        replay(lived.installation, done)
    tell(Status(step="comparing with the reference"))
    findings = audit(settings, lived.traffic.parcels, done.redacted, clock.now_us())
    tell(Status(step="searching every byte"))
    needles = _needles(settings, lived.traffic, lived.secrets, done)
    leaks = search(needles, [settings.home], [lived.installation.output])
    return Report(
        seed=order.seed,
        revision=revision(),
        minutes=order.seconds / 60,
        rate=order.rate,
        every_seconds=order.every_seconds,
        sent=sent_of(lived.traffic, lived.sent),
        done=done_of(lived.installation, done),
        undrained=lived.undrained,
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
