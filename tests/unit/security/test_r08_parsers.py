"""Whatever bytes a parser meets, only the errors that it declares come out, and in good time.

The same targets are fuzzed by coverage in ``make soak`` (tests/support/fuzz_parsers.py); here they
meet spoiled payloads and drawn bytes that repeat by seed.
"""

import time
from collections.abc import Sequence

import numpy as np
import pytest
from counts import cases
from parser_targets import TARGETS, TOPIC_LIST, read_topic, seeds_of
from poisons import CANARY, huge_bodies, mutations, own_seeds, published_seeds
from repeatable import repeatable, seeds

SECONDS_MAX = 1.0


@pytest.fixture(scope="module")
def bodies() -> dict[str, bytes]:
    return published_seeds() | own_seeds()


@pytest.mark.parametrize("topic", TOPIC_LIST)
def test_r08_no_spoiled_payload_raises_what_is_not_declared(
    topic: str, bodies: dict[str, bytes]
) -> None:
    body = bodies.get(topic, b'{"id":1,"admin_graphql_api_id":"gid://shopify/Order/1"}')
    for seed in seeds(1, 3):
        rng = np.random.default_rng([seed, 8])
        for name, spoiled in mutations(body, rng, cases(40, 200)):
            with repeatable(seed):
                began = time.thread_time()
                reason = read_topic(topic, spoiled)
                assert time.thread_time() - began < SECONDS_MAX, name
                assert CANARY not in (reason or ""), name


@pytest.mark.parametrize("topic", ["orders/updated", "customers/redact", "products/update"])
def test_r08_five_megabytes_are_read_or_refused_in_time(
    topic: str, bodies: dict[str, bytes]
) -> None:
    for name, spoiled in huge_bodies(bodies[topic]).items():
        began = time.thread_time()
        read_topic(topic, spoiled)
        assert time.thread_time() - began < SECONDS_MAX, name


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_r08_drawn_bytes_raise_nothing_that_is_not_declared(
    target: str, bodies: dict[str, bytes]
) -> None:
    found = seeds_of(target, bodies)
    run = TARGETS[target]
    for seed in found:
        run(seed)
    few = 40 if target == "csv" else 400
    for number in seeds(few, 20 * few):
        rng = np.random.default_rng([number, 88])
        data = bytearray(found[int(rng.integers(len(found)))])
        for _ in range(int(rng.integers(0, 8))):
            at = int(rng.integers(len(data) + 1))
            data[at : at + int(rng.integers(9))] = rng.bytes(int(rng.integers(9)))
        with repeatable(number):
            run(bytes(data))


def test_r08_a_parser_that_lets_its_error_through_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(_decoder: object, body: bytes) -> object:
        return body.decode("ascii")[-1]

    monkeypatch.setattr("shopwright.events.shopify_order.decode", careless)
    rng = np.random.default_rng(1)
    spoiled = [body for _, body in mutations(b'{"id":1}', rng, 30)]
    with pytest.raises((IndexError, UnicodeDecodeError)):
        _read_all(spoiled)


def _read_all(bodies: Sequence[bytes]) -> None:
    for body in bodies:
        read_topic("orders/updated", body)


def test_r08_no_reason_repeats_the_name_of_a_field_that_somebody_sent() -> None:
    """Found by fuzzing: such a name may hold control characters, or a person's address."""
    for body in (b'{"shop_d\x7fmain":"a.com"}', b'{"shop_domain":"a.com","ann`$@x.example":1}'):
        reason = read_topic("shop/redact", body)
        assert reason is not None
        assert "example" not in reason
        assert "a field of no such payload" in reason
