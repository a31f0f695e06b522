"""A real data folder that a simulated shop has written to: log, ledger and copies on disk."""

import shutil
from collections.abc import Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from made_web_light import SECRET
from msgspec.structs import replace

from shopwright.app import bootstrap, master_key
from shopwright.app.owner import own
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, SystemClock, iso
from shopwright.core.types.event import Delivery, Event
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store
from shopwright.events.webhook import Rejection, sign
from shopwright.pipelines.ingest import Intake
from shopwright.simulator.faults import Arrival, Faults, deliver
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store

END_US = 1_795_000_000 * US_PER_SECOND
LOSSLESS = Faults(dropped_share=0.0)
SMALL = Scale(customers=25, days=60, fulfilment_told_share=0.2, stock_told=False)


class LivedHome:
    """One shop's webhooks in a data folder."""

    def __init__(self, home: Path, seed: int = 0, scale: Scale = SMALL, **changes: Any) -> None:
        self.settings = Settings(
            home=home,
            master_key_file=home.with_name(f"{home.name}.key"),
            erasure_journal=home.with_name(f"{home.name}.erasures"),
            **changes,
        )
        master_key.write_master_key(self.settings, bytes(range(32)))
        self.shop: Shop = open_store(PROFILES[seed % len(PROFILES)], END_US, seed, scale)
        self.store = Store(
            store_id=StoreId(self.shop.profile.domain),
            currency=self.shop.profile.currency,
            timezone=self.shop.profile.season.timezone,
            added_us=END_US,
        )
        bootstrap.open_stores(self.settings).put(self.store)
        bootstrap.open_secrets(self.settings).add(self.store.store_id, SECRET)
        self.arrivals = deliver(self.shop.webhooks(), LOSSLESS, np.random.default_rng([seed, 9]))

    def copied_to(self, folder: Path) -> "LivedHome":
        """Return this home as a copy in another folder."""
        copy = object.__new__(LivedHome)
        copy.__dict__ |= self.__dict__
        copy.settings = msgspec.structs.replace(
            self.settings,
            home=folder / "home",
            master_key_file=folder / "home.key",
            erasure_journal=folder / "home.erasures",
        )
        shutil.copytree(self.settings.home, copy.settings.home)
        shutil.copy(self.settings.master_key_file, copy.settings.master_key_file)
        return copy

    def stored(self) -> Store:
        """Return the store as the data folder knows it now."""
        return bootstrap.open_stores(self.settings).get(self.store.store_id)

    def event_of(self, intake: Intake, arrival: Arrival) -> Event:
        """Return an arrival as the gateway takes it."""
        webhook = arrival.webhook
        headers = {
            "x-shopify-topic": webhook.topic,
            "x-shopify-hmac-sha256": sign(SECRET, webhook.body),
            "x-shopify-shop-domain": self.store.store_id,
            "x-shopify-api-version": webhook.api_version,
            "x-shopify-webhook-id": webhook.webhook_id,
            "x-shopify-event-id": webhook.event_id,
            "x-shopify-triggered-at": iso(webhook.triggered_us),
        }
        delivery = Delivery(
            headers=tuple(headers.items()), body=webhook.body, received_us=arrival.received_us
        )
        event = intake.receive(delivery, lambda _: (SECRET,))
        assert not isinstance(event, Rejection), event
        return event

    def receive(self, arrivals: Sequence[Arrival], partition: str = "web-0") -> None:
        """Append webhooks to a partition of the log, each day's in one batch."""
        settings = self.settings
        with (
            closing(bootstrap.open_log(settings, partition)) as log,
            closing(bootstrap.open_keys(settings)) as keys,
        ):
            intake = Intake(log, keys, SystemClock(), np.random.default_rng().bytes)
            for _, day in groupby(arrivals, lambda arrival: arrival.received_us // US_PER_DAY):
                intake.accept([self.event_of(intake, arrival) for arrival in day])

    def work(self) -> None:
        """Take in everything that the log holds, as a worker does."""
        with own(self.settings) as owner:
            owner.materializer.repair_online()
            while owner.materializer.step(100).records:
                pass
            owner.archiver.step()


def poisoned(arrival: Arrival, number: int, body: bytes = b'{"id": null}') -> Arrival:
    """Return an arrival whose body cannot be read."""
    webhook = replace(
        arrival.webhook,
        body=body,
        topic="orders/create",
        webhook_id=f"poison-{number}",
        event_id=f"poisoned-{number}",
    )
    return replace(arrival, webhook=webhook)


def flip_a_bit(path: Path, at: int | None = None) -> None:
    """Change one bit of a file, in the middle unless another place is named."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 if at is None else at)
        (byte,) = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))
