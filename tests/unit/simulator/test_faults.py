from collections import Counter

import numpy as np

from shopwright.core.clock import US_PER_SECOND
from shopwright.simulator.faults import Faults, deliver
from shopwright.simulator.webhook import SimulatedWebhook, identifier

HOUR_US = 3_600 * US_PER_SECOND
NOTHING = Faults(
    reordered_share=0.0,
    repeated_share=0.0,
    subscribed_twice_share=0.0,
    retried_share=0.0,
    dropped_share=0.0,
)
SENT = [
    SimulatedWebhook(
        topic="orders/updated",
        body=b"%d" % number,
        triggered_us=number * 10 * US_PER_SECOND,
        webhook_id=identifier("webhook", number),
        event_id=identifier("event", number),
    )
    for number in range(3_000)
]


def test_a_good_road_delivers_everything_once_and_in_order() -> None:
    arrivals = deliver(SENT, NOTHING, np.random.default_rng(1))
    assert [arrival.webhook for arrival in arrivals] == SENT
    delays = [arrival.received_us - arrival.webhook.triggered_us for arrival in arrivals]
    assert min(delays) > 0
    assert max(delays) < US_PER_SECOND


def test_the_same_generator_gives_the_same_road() -> None:
    first = deliver(SENT, Faults(), np.random.default_rng(5))
    again = deliver(SENT, Faults(), np.random.default_rng(5))
    other = deliver(SENT, Faults(), np.random.default_rng(6))
    assert first == again
    assert first != other


def test_a_bad_road_repeats_holds_back_and_loses_in_the_given_shares() -> None:
    arrivals = deliver(SENT, Faults(), np.random.default_rng(2))
    times = [arrival.received_us for arrival in arrivals]
    assert times == sorted(times)
    bodies = Counter(arrival.webhook.body for arrival in arrivals)
    assert 0.003 < 1 - len(bodies) / len(SENT) < 0.02
    repeated = sum(count > 1 for count in bodies.values()) / len(SENT)
    assert 0.06 < repeated < 0.14
    late = [a.received_us - a.webhook.triggered_us for a in arrivals]
    assert 0.1 < sum(delay > 60 * US_PER_SECOND for delay in late) / len(arrivals) < 0.35
    assert 3 * HOUR_US < max(late) < 6 * HOUR_US
    assert min(late) > 0


def test_a_second_subscription_has_another_webhook_id_but_the_same_event_and_body() -> None:
    doubled = Faults(subscribed_twice_share=1.0, dropped_share=0.0, retried_share=0.0)
    ids: dict[bytes, set[str]] = {}
    events: dict[bytes, set[str]] = {}
    for arrival in deliver(SENT[:200], doubled, np.random.default_rng(3)):
        ids.setdefault(arrival.webhook.body, set()).add(arrival.webhook.webhook_id)
        events.setdefault(arrival.webhook.body, set()).add(arrival.webhook.event_id)
    assert {len(found) for found in ids.values()} == {2}
    assert {len(found) for found in events.values()} == {1}


def test_a_retry_brings_the_first_payload_again() -> None:
    retried = Faults(retried_share=1.0, repeated_share=0.0, subscribed_twice_share=0.0)
    for arrival in deliver(SENT[:200], retried, np.random.default_rng(4)):
        assert arrival.webhook in SENT[:200]
