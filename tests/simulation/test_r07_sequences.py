"""Whatever order and number the webhooks come in, the state is that of one straight road.

Each sequence draws its own shop, road, number of log partitions and batch sizes. Two systems of one
seed name people alike, so their states can be compared bit for bit.
"""

from functools import lru_cache

import numpy as np
from repeatable import repeatable, seeds
from rough_road import in_order, rough
from simulated_system import SimulatedSystem
from system_state import check_log, state

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store

END_US = 1_795_000_000 * US_PER_SECOND
SCALE = Scale(customers=30, days=60, fulfilment_told_share=0.5)
SHOPS = 12
PRODUCT_TELLINGS = 6
"""A shop tells of its shelves far more often than of its orders; a few are enough."""


@lru_cache(maxsize=SHOPS)
def shop_of(number: int) -> tuple[Shop, list]:
    shop = open_store(PROFILES[number % len(PROFILES)], END_US, number, SCALE)
    told = list(shop.webhooks())
    products = [one for one in told if one.topic.startswith("products/")][:PRODUCT_TELLINGS]
    others = [one for one in told if not one.topic.startswith("products/")]
    return shop, sorted([*products, *others], key=lambda one: one.triggered_us)


def some_of(webhooks: list, rng: np.random.Generator) -> list:
    """Return a run of neighbours: an order's tellings lie close together."""
    start = int(rng.integers(max(1, len(webhooks) - 20)))
    return webhooks[start : start + int(rng.integers(10, 80))]


def test_r07_every_sequence_ends_where_the_straight_road_ends() -> None:
    repeats = 0
    for seed in seeds(200, 20_000):
        with repeatable(seed):
            repeats += _one_sequence(seed)
    assert repeats, "a road without a repetition proves nothing"


def _one_sequence(seed: int) -> int:
    rng = np.random.default_rng([seed, 7])
    shop, webhooks = shop_of(seed % SHOPS)
    sent = some_of(webhooks, rng)
    straight = SimulatedSystem(shop, seed)
    straight.feed(in_order(sent), batch=1_000)
    straight.settle(batch=1_000)
    bumpy = SimulatedSystem(shop, seed, partitions=int(rng.integers(1, 4)))
    arrivals = rough(sent, rng)
    _feed_in_pieces(bumpy, arrivals, rng)
    check_log(bumpy)
    # As of instants before, between and after what was told.
    for as_of_us in (END_US + 3 * US_PER_DAY, END_US + 45 * US_PER_DAY):
        assert state(shop, bumpy, as_of_us) == state(shop, straight, as_of_us)
    return len(arrivals) - len(sent)


def _feed_in_pieces(system: SimulatedSystem, arrivals: list, rng: np.random.Generator) -> None:
    """Cut the arrivals into requests that share a commit, and let the worker look in between."""
    at = 0
    while at < len(arrivals):
        piece = arrivals[at : at + int(rng.integers(1, 20))]
        at += len(piece)
        system.clock.set(max(arrival.received_us for arrival in piece))
        system.receive(piece, web=int(rng.integers(len(system.logs))))
        if rng.random() < 0.4:
            system.settle(steps=int(rng.integers(1, 3)), batch=int(rng.integers(1, 50)))
    system.settle(batch=int(rng.integers(1, 50)))


def test_r07_a_chain_that_trusts_arrival_order_would_be_seen(monkeypatch) -> None:
    """The comparison has teeth: a ledger whose newest arrival wins ends elsewhere."""
    from shopwright.events import order_chain

    gather = order_chain.gather
    monkeypatch.setattr(
        "shopwright.events.order_chain.gather",
        lambda known, new: gather((), tuple(new) or tuple(known)),
    )
    differing = 0
    for seed in range(8):
        try:
            _one_sequence(seed)
        except AssertionError:
            differing += 1
    assert differing
