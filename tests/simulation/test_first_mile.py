"""From webhook to feature through every fault, against the promises that need no engine.

A failure names its seed; run it again with ``-k "seed-N"``.
"""

import os

import msgspec
import numpy as np
import pytest
from simulated_system import SECRET, SimulatedSystem

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.money import minor_per_major
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.log import Position
from shopwright.events.webhook import content_key
from shopwright.features.definitions import CUSTOMER
from shopwright.features.record import evaluate
from shopwright.pipelines.point_in_time import features, spine
from shopwright.simulator.faults import Faults, deliver
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store

SEEDS = range(4 * int(os.environ.get("SOAK", "1")))
END_US = 1_795_000_000 * US_PER_SECOND
TINY = Scale(customers=40, days=120, fulfilment_told_share=0.4)
LOSSLESS = Faults(dropped_share=0.0)
STRAIGHT = Faults(
    reordered_share=0, repeated_share=0, subscribed_twice_share=0, retried_share=0, dropped_share=0
)
every_seed = pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed-{seed}")


def shop_of(seed: int) -> Shop:
    return open_store(PROFILES[seed % len(PROFILES)], END_US, seed, TINY)


def run(seed: int, faults: Faults, *, crash_every: int | None = None, batch: int = 16):
    shop = shop_of(seed)
    system = SimulatedSystem(shop, seed, crash_every=crash_every)
    arrivals = deliver(shop.webhooks(), faults, np.random.default_rng([seed, 9]))
    system.feed(arrivals, batch=batch)
    system.settle()
    return shop, system, arrivals


def people(shop: Shop, system: SimulatedSystem) -> list[Pseudonym]:
    return [system.pseudonym(customer) for customer in shop.customers()]


def chains(shop: Shop, system: SimulatedSystem) -> bytes:
    found = system.ledger.orders_of(system.store.store_id, sorted(people(shop, system)))
    return msgspec.msgpack.encode([list(found[who]) for who in sorted(found)])


def online_values(system: SimulatedSystem, who: Pseudonym, as_of_us: int):
    record = system.online.read(system.store.store_id, CUSTOMER.name, [who])[who]
    units = minor_per_major(system.store.currency)
    return evaluate(CUSTOMER, record.state, as_of_us, units)


@every_seed
def test_faulty_road_and_crashes_end_where_a_straight_road_ends(seed: int) -> None:
    """P2, P3: duplicates, reordering, stale retries and deaths change nothing."""
    shop, straight, _ = run(seed, STRAIGHT)
    _, rough, arrivals = run(seed, LOSSLESS, crash_every=15)
    assert rough.countdown.crashes > 10
    assert len(arrivals) > len({arrival.webhook.webhook_id for arrival in arrivals})
    assert chains(shop, straight) == chains(shop, rough)
    as_of_us = END_US + 2 * US_PER_DAY
    for who in people(shop, straight):
        assert online_values(straight, who, as_of_us) == online_values(rough, who, as_of_us)


@every_seed
def test_every_accepted_webhook_is_in_the_log_once(seed: int) -> None:
    """P1, P2: what was answered is there, and only once, whatever died in between."""
    _, system, arrivals = run(seed, LOSSLESS, crash_every=15)
    records = system.log.read(Position({}), 1_000_000)
    ids = [record.event.delivery_id for record in records]
    assert len(ids) == len(set(ids))
    # A delivery with another id but the same event and body is a duplicate too.
    contents = [record.event.content_key for record in records]
    assert len(contents) == len(set(contents))
    stored = set(ids), set(contents)
    for arrival in arrivals:
        webhook = arrival.webhook
        content = content_key(system.store.store_id, webhook.topic, webhook.event_id, webhook.body)
        assert webhook.webhook_id in system.accepted
        assert webhook.webhook_id in stored[0] or content in stored[1]


@every_seed
def test_online_equals_offline_bit_for_bit(seed: int) -> None:
    """P9: the packed record and the portable SQL give the same twelve values."""
    shop, system, _ = run(seed, LOSSLESS, crash_every=20)
    everyone = people(shop, system)
    rng = np.random.default_rng([seed, 11])
    instants = [END_US + US_PER_DAY + int(rng.integers(60 * US_PER_DAY)) for _ in everyone]
    asked = spine(system.store, everyone, instants)
    offline = features(system.offline, system.store, CUSTOMER, asked)
    for row, (who, as_of_us) in enumerate(zip(everyone, instants, strict=True)):
        online = online_values(system, who, as_of_us)
        for name in CUSTOMER.names:
            column = offline[name]
            missing = bool(np.ma.getmaskarray(column)[row])
            value = None if missing else column[row].item()
            assert (online[name], type(online[name])) == (value, type(value)), (name, who.hex())


@every_seed
def test_replay_of_the_log_rebuilds_the_same_versions(seed: int) -> None:
    """P2: the ledger is a function of the log."""
    shop, system, _ = run(seed, LOSSLESS, crash_every=20)
    before = chains(shop, system)
    replayed = SimulatedSystem(shop, seed)
    replayed.keys, replayed.log = system.keys, system.log
    replayed.clock.set(system.clock.now_us())
    replayed.restart()
    replayed.settle(batch=37)
    assert chains(shop, replayed) == before


@every_seed
def test_no_personal_text_leaves_the_sealed_bodies(seed: int) -> None:
    """P8: names, addresses and ids are in no ledger, no read copy, no dead letter."""
    shop, system, arrivals = run(seed, LOSSLESS)
    texts = [text.encode() for text in shop.personal_texts() if len(text) > 5]
    raw = b"".join(arrival.webhook.body for arrival in arrivals)
    assert sum(text in raw for text in texts) > 20, "the canaries must be in what was sent"
    store_id = system.store.store_id
    records = system.online.page(store_id, CUSTOMER.name, None, 10_000)
    everything = b"".join(
        [
            repr(vars(system.ledger)).encode(),
            msgspec.msgpack.encode(list(records)),
            repr(system.log.read(Position({}), 1_000_000)).encode(),
        ]
    )
    assert not [text for text in texts if text in everything]
    assert SECRET not in everything


@every_seed
def test_what_cannot_be_read_is_kept_and_stops_nothing(seed: int) -> None:
    """P4: a poisoned body becomes a dead letter with its reason; its neighbours go on."""
    shop = shop_of(seed)
    system = SimulatedSystem(shop, seed)
    arrivals = deliver(shop.webhooks(), STRAIGHT, np.random.default_rng([seed, 9]))[:200]
    poisons = (b"", b"{", b'{"id":null}', b"\xff\xfe", b"[" * 5_000, b'{"id":1e999}')
    poisoned = [
        msgspec.structs.replace(
            arrival,
            webhook=msgspec.structs.replace(
                arrival.webhook, body=body, topic="orders/create", webhook_id=f"poison-{number}"
            ),
        )
        for number, (arrival, body) in enumerate(zip(arrivals, poisons, strict=False))
    ]
    system.feed([*arrivals[:100], *poisoned, *arrivals[100:]], batch=16)
    system.settle()
    letters = system.ledger.dead_letters(1_000)
    assert len(letters) == len(poisons)
    assert all(letter.reason and letter.topic == "orders/create" for letter in letters)
    clean = SimulatedSystem(shop, seed)
    clean.feed(arrivals, batch=16)
    clean.settle()
    assert chains(shop, clean) == chains(shop, system)
