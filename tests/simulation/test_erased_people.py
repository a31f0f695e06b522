"""People are erased in the middle of the traffic, on a faulty road, with deaths anywhere.

A failure names its seed; run it again with ``-k "seed-N"``.
"""

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from counts import cases
from erasing_system import ErasingSystem, holds, redact
from simulated_system import SimulatedSystem

from shopwright.core.clock import US_PER_SECOND
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import Document
from shopwright.core.types.log import Position
from shopwright.core.types.order import OrderFact
from shopwright.privacy.receipts import verify
from shopwright.simulator.faults import Arrival, Faults, deliver
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store

END_US = 1_795_000_000 * US_PER_SECOND
TINY = Scale(customers=60, days=120, fulfilment_told_share=0.2)
ROAD = Faults(dropped_share=0.0, retried_share=0.15, repeated_share=0.1)
CANARIES = 3
every_seed = pytest.mark.parametrize("seed", range(cases(3, 60)), ids=lambda seed: f"seed-{seed}")


class Life:
    """One installation's life with erasures in it, and what was true before each of them."""

    def __init__(self, seed: int, crash_every: int | None) -> None:
        self.shop: Shop = open_store(PROFILES[seed % len(PROFILES)], END_US, seed, TINY)
        self.system = ErasingSystem(self.shop, seed, crash_every=crash_every)
        self.rng = np.random.default_rng([seed, 12])
        self.arrivals = deliver(self.shop.webhooks(), ROAD, np.random.default_rng([seed, 9]))
        self.people = persons(self.arrivals)
        early = self.arrivals[: len(self.arrivals) // 2]
        everyone = sorted(persons(early))  # an address that was never told finds nobody
        chosen = self.rng.choice(len(everyone), size=min(CANARIES, len(everyone)), replace=False)
        self.canaries = [everyone[int(n)] for n in chosen]
        self.sold: dict[Pseudonym, tuple[int, int]] = {}

    def run(self) -> "Life":
        """Redact each canary somewhere in the middle; then the whole road comes once more."""
        cuts = np.linspace(0.5, 0.9, len(self.canaries) + 1)[:-1]
        marks = [int(len(self.arrivals) * share) for share in cuts]
        before = 0
        for mark, canary in zip(marks, self.canaries, strict=True):
            self.system.feed(self.arrivals[before:mark], batch=16)
            self.system.settle()
            self._remember(canary)
            asked = self._redact(canary)
            self.system.feed([asked, asked], batch=1)
            before = mark
        self.system.feed(self.arrivals[before:], batch=16)
        self.system.finish_erasures()
        return self

    def _redact(self, canary: str) -> Arrival:
        person = self.people[canary]
        # Every other request names only the e-mail address, as some do.
        named = person if self.canaries.index(canary) % 2 == 0 else {"email": person["email"]}
        now_us = self.system.clock.now_us()
        return redact(self.system, now_us, canary, named, [])

    def _remember(self, canary: str) -> None:
        who = self.system.pseudonym(canary)
        for version in self.system.ledger.orders_of(self.system.store.store_id, [who])[who]:
            chain = self.system.ledger._orders[
                Document(self.system.store.store_id, "order", version.order)
            ]
            self.sold[version.order] = (chain[-1].gross_minor, chain[-1].refund_minor)

    def texts(self) -> list[bytes]:
        """Return what may stand in no body that can be opened."""
        found = []
        for canary in self.canaries:
            person = self.people[canary]
            found += [person["email"].encode(), person["phone"].encode()]
            found.append(f'"id":{canary},'.encode())
        return found


def persons(arrivals: list[Arrival]) -> dict[str, dict[str, Any]]:
    """Return id, e-mail and phone of every customer whom an order names."""
    found = {}
    for arrival in arrivals:
        if arrival.webhook.topic == "orders/create":
            customer = json.loads(arrival.webhook.body)["customer"]
            if customer:
                found[str(customer["id"])] = {k: customer[k] for k in ("id", "email", "phone")}
    return found


def state(system: SimulatedSystem) -> dict[str, Any]:
    """Return all that the ledger holds, free of what depends on when it was written."""
    pack = msgspec.msgpack.encode
    ledger = system.ledger
    return {
        "tellings": {d: {pack(t) for t in told} for d, told in ledger._tellings.items() if told},
        "orders": {d: pack(chain) for d, chain in ledger._orders.items() if chain},
        "products": {d: pack(line) for d, line in ledger._products.items()},
        "people": {at: pack(ledger.orders_of(at[0], [at[2]])) for at in ledger._records},
    }


@every_seed
def test_s20_s22_s26_an_erased_person_is_nowhere_and_never_comes_back(seed: int) -> None:
    """Pseudonyms, ids and addresses are in no port, whatever died or came late or twice."""
    life = Life(seed, crash_every=40).run()
    system = life.system
    assert system.countdown.crashes > 10, f"seed {seed}"
    _assert_nowhere(life, seed)
    # The whole road again, under other ids: intake drops what is about the erased.
    again = [
        msgspec.structs.replace(
            arrival,
            webhook=msgspec.structs.replace(
                arrival.webhook, webhook_id=f"{arrival.webhook.webhook_id[:-2]}zz"
            ),
        )
        for arrival in life.arrivals
        if any(text in arrival.webhook.body for text in life.texts())
    ]
    assert again, "the canaries must have been told of"
    system.feed(again, batch=16)
    system.finish_erasures()
    _assert_nowhere(life, seed)


def _assert_nowhere(life: Life, seed: int) -> None:
    leaves = list(life.system.leaves())
    for canary in life.canaries:
        assert not holds(leaves, life.system.pseudonym(canary)), f"seed {seed}: {canary}"
    bodies = list(life.system.bodies())
    assert bodies
    for text in life.texts():
        assert not [body[:60] for body in bodies if text in body], f"seed {seed}: {text!r}"
        assert not any(text in leaf for leaf in leaves), f"seed {seed}: {text!r}"


@every_seed
def test_the_sales_stay_and_a_replay_of_the_log_rebuilds_them(seed: int) -> None:
    """P2 and P8 together: the ledger after an erasure is still a function of the log."""
    life = Life(seed, crash_every=60).run()
    system, store_id = life.system, life.system.store.store_id
    assert life.sold, "a canary without an order proves nothing"
    for order, sold in life.sold.items():
        chain = system.ledger._orders[Document(store_id, "order", order)]
        assert (chain[-1].gross_minor, chain[-1].refund_minor) == sold, f"seed {seed}"
        assert not chain[-1].valid
        assert chain[-1].customer is None
    replayed = SimulatedSystem(life.shop, seed)
    replayed.keys, replayed.log = system.keys, system.log
    replayed.clock.set(system.clock.now_us())
    replayed.restart()
    replayed.settle(batch=37)
    assert state(replayed) == state(system), f"seed {seed}"
    assert not system.ledger.dead_letters(10)


@every_seed
def test_each_request_has_one_receipt_that_names_nobody(seed: int) -> None:
    life = Life(seed, crash_every=30).run()
    signed = life.system.requests.receipts(life.system.store.store_id)
    assert len(signed) == len(life.canaries), f"seed {seed}"
    for one in signed:
        receipt = verify(one)
        assert receipt.origin == "customers/redact"
        assert receipt.tombstones
        for canary in life.canaries:
            assert life.system.pseudonym(canary).hex().encode() not in one.body
            assert canary.encode() not in one.body


def test_the_rest_of_the_shop_is_as_if_nothing_had_been_erased() -> None:
    """Nobody but the person loses anything."""
    life = Life(1, crash_every=50).run()
    plain = SimulatedSystem(life.shop, 1)
    plain.feed(life.arrivals, batch=16)
    plain.settle()
    gone = _of_the_same_people(plain, [life.system.pseudonym(canary) for canary in life.canaries])
    theirs = {
        document
        for document, told in plain.ledger._tellings.items()
        if any(isinstance(t, OrderFact) and t.customer in gone for t in told)
    }
    kept = 0
    for document, chain in plain.ledger._orders.items():
        if document not in theirs:
            assert life.system.ledger._orders[document] == chain
            kept += 1
    assert kept > 50
    assert len(theirs) >= CANARIES


def _of_the_same_people(system: SimulatedSystem, people: list[Pseudonym]) -> set[Pseudonym]:
    document = Document(system.store.store_id, "merges", b"")
    merges = system.ledger.tellings([document]).get(document, ())
    found = set(people)
    for _ in merges:
        for merge in merges:
            if merge.merged in found or merge.kept in found:
                found |= {merge.merged, merge.kept}
    return found


def test_a_store_is_erased_whole() -> None:
    """``shop/redact``: nothing of the store is left but the receipt."""
    life = Life(2, crash_every=40)
    system = life.system
    system.feed(life.arrivals, batch=16)
    body = json.dumps({"shop_id": 1, "shop_domain": system.store.store_id}).encode()
    people = [system.pseudonym(canary) for canary in life.canaries]
    webhook = msgspec.structs.replace(
        life.arrivals[-1].webhook, topic="shop/redact", body=body, webhook_id="gone", event_id="e"
    )
    system.feed([msgspec.structs.replace(life.arrivals[-1], webhook=webhook)], batch=1)
    system.finish_erasures()
    assert not system.log.read(Position({}), 10)
    assert not system.ledger._tellings
    assert not system.ledger._orders
    assert system.secrets.of(system.store.store_id) == ()
    assert system.stores.all() == ()
    leaves = list(system.leaves())
    assert not any(holds(leaves, who) for who in people)
    (receipt,) = system.requests.receipts(None)
    assert verify(receipt).kind == "erase_store"
