"""A genuine delivery that is sent again, whenever and under whatever headers, changes nothing.

Only the body is signed. Who has seen one delivery can send its body again for ever, and can choose
every header: another id, a later date, another topic.
"""

from pathlib import Path

import numpy as np
import pytest
from counts import cases
from made_web_light import new_home
from msgspec import structs
from rough_road import in_order
from simulated_system import SECRET, SimulatedSystem
from system_state import state

from shopwright.app.bootstrap import open_dead_letters, open_intake, open_secrets, open_stores
from shopwright.app.owner import own
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.types.event import Delivery, Event
from shopwright.events.shopify import TOPICS
from shopwright.events.webhook import OWN_TOPICS
from shopwright.features.definitions import CUSTOMER
from shopwright.simulator.faults import Arrival
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store

END_US = 1_795_000_000 * US_PER_SECOND
ASKED_US = END_US + 40 * US_PER_DAY
MEMORY_DAYS = 5
"""Longer than a partition remembers deliveries: see docs/decisions/0009-duplicates.md."""
REPLAYS = cases(100, 1_000)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return open_store(
        PROFILES[0], END_US, 5, Scale(customers=40, days=60, fulfilment_told_share=0.4)
    )


def system_with(shop: Shop, seed: int = 2) -> SimulatedSystem:
    system = SimulatedSystem(shop, seed)
    system.feed(in_order(list(shop.webhooks())), batch=500)
    system.settle()
    return system


class RealFolder:
    """The first mile over a real data folder: SQLite log, keys and ledger, LMDB."""

    def __init__(self, settings: Settings, system: SimulatedSystem) -> None:
        self.settings = settings
        self._system = system
        open_stores(settings).put(system.store)
        secrets = open_secrets(settings)
        secrets.add(system.store.store_id, SECRET)
        self._secrets_of = secrets.of
        self._intake = open_intake(settings, "web-0")

    def send(self, arrivals: list[Arrival]) -> tuple[int, int]:
        """Return how many were new and how many known."""
        events = []
        for arrival in arrivals:
            verdict = self._intake.receive(self.delivery(arrival), self._secrets_of)
            assert isinstance(verdict, Event), verdict
            events.append(verdict)
        appended = self._intake.accept(events)
        return appended.new, appended.duplicates

    def delivery(self, arrival: Arrival) -> Delivery:
        return self._system.delivery(arrival)

    def state(self) -> tuple[object, ...]:
        """Take in all that waits; return what is believed."""
        with own(self.settings) as owner:
            while owner.materializer.step(1_000).records:
                pass
            store_id = self._system.store.store_id
            people = [r.entity for r in owner.online.page(store_id, CUSTOMER.name, None, 10_000)]
            chains = owner.ledger.orders_of(store_id, people)
            letters = open_dead_letters(self.settings).find(None, None, 10_000)
            return people, {who: list(chains[who]) for who in people}, len(letters)


def test_s02_replays_within_and_beyond_the_memory_change_nothing(
    shop: Shop, tmp_path: Path
) -> None:
    folder = RealFolder(new_home(tmp_path / "home"), SimulatedSystem(shop, 2))
    sent = [one for one in in_order(list(shop.webhooks())) if not _is_product(one)]
    sent = [structs.replace(one, received_us=END_US) for one in sent]
    assert folder.send(sent) == (len(sent), 0)
    before = folder.state()
    assert len(before[0]) > 5
    rng = np.random.default_rng(2)
    again = [sent[int(place)] for place in rng.integers(len(sent), size=REPLAYS)]
    assert folder.send(again) == (0, REPLAYS), "remembered: not even stored"
    assert folder.state() == before
    filler = _fillers(sent[0], MEMORY_DAYS)
    for one in filler:
        folder.send([one])
    after_us = END_US + (MEMORY_DAYS + 1) * US_PER_DAY
    new, _ = folder.send([structs.replace(one, received_us=after_us) for one in again])
    assert new, "beyond the memory a replay is stored again, so the next line can fail"
    people, chains, letters = folder.state()
    assert (people, chains) == before[:2]
    assert letters == len(filler)


def test_s02_other_ids_on_a_known_body_change_nothing(shop: Shop) -> None:
    system = system_with(shop)
    before = state(shop, system, ASKED_US)
    rng = np.random.default_rng(3)
    told = in_order(list(shop.webhooks()))
    replays = [
        structs.replace(
            told[int(place)],
            received_us=END_US + US_PER_DAY,
            webhook=structs.replace(
                told[int(place)].webhook, webhook_id=f"forged-{n}", event_id=f"forged-{n}"
            ),
        )
        for n, place in enumerate(rng.integers(len(told), size=REPLAYS))
    ]
    ends = sum(system.log.end().values())
    system.feed(replays, batch=50)
    system.settle()
    assert sum(system.log.end().values()) == ends + REPLAYS
    assert state(shop, system, ASKED_US) == before


@pytest.mark.parametrize("topic", sorted(one for one in TOPICS if not one.startswith(OWN_TOPICS)))
def test_s02_a_known_body_under_another_topic_changes_no_order(topic: str, shop: Shop) -> None:
    """An order must not delete itself, erase its customer, or end the whole store."""
    system = system_with(shop)
    before = state(shop, system, ASKED_US)
    replays = [
        structs.replace(
            one,
            received_us=END_US + US_PER_DAY,
            webhook=structs.replace(
                one.webhook,
                topic=topic,
                webhook_id=f"forged-{n}",
                event_id=f"forged-{n}",
                triggered_us=END_US + US_PER_DAY,
            ),
        )
        for n, one in enumerate(_one_of_each_kind(shop))
        # The same kind of body under its own family of topics says the same thing again.
        if _family(one.webhook.topic) != _family(topic)
    ]
    assert len(replays) >= 5
    system.feed(replays, batch=100)
    system.settle()
    assert state(shop, system, ASKED_US) == before
    assert not list(system.requests.open())


FAMILY = {
    **dict.fromkeys(
        (
            "orders/create",
            "orders/updated",
            "orders/paid",
            "orders/cancelled",
            "orders/fulfilled",
            "orders/partially_fulfilled",
        ),
        "orders",
    ),
    **dict.fromkeys(("orders/delete", "products/delete"), "a bare id"),
}


def _family(topic: str) -> str:
    return FAMILY.get(topic, topic)


def _one_of_each_kind(shop: Shop) -> list[Arrival]:
    """Return several deliveries of every topic that the shop sent."""
    found: dict[str, list[Arrival]] = {}
    for one in in_order(list(shop.webhooks())):
        found.setdefault(one.webhook.topic, []).append(one)
    return [one for of_topic in found.values() for one in of_topic[-12:]]


def _is_product(arrival: Arrival) -> bool:
    return arrival.webhook.topic.startswith("products/")


def _fillers(like: Arrival, days: int) -> list[Arrival]:
    """Return one delivery a day, so that the log begins a new segment each day."""
    return [
        structs.replace(
            like,
            received_us=END_US + day * US_PER_DAY,
            webhook=structs.replace(
                like.webhook,
                topic="orders/updated",
                body=f'{{"filler":{day}}}'.encode(),
                webhook_id=f"filler-{day}",
                event_id=f"filler-{day}",
            ),
        )
        for day in range(1, days + 1)
    ]
