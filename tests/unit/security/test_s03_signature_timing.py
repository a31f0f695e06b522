"""How long a refusal takes tells neither how near a signature was nor whether a shop is known.

Pairs are measured in turns, so that a busy machine hits both sides; the slowest fifth of each side
is interruptions and is left out. A leak shows in every round, noise does not: one calm round of
several is enough.
"""

import gc
import statistics
import time
from collections.abc import Callable

import pytest
from counts import cases
from signed_requests import BODY, SECRET, SECRETS, delivery, headers, secrets_of

from shopwright.core.types.event import Delivery
from shopwright.events.webhook import sign, verify

PAIRS = cases(2_000, 20_000)
ROUNDS = 5
WELCH_T_MAX = 4.5
KEPT_SHARE = 0.8

RIGHT = sign(SECRET, BODY)
AT_ONCE_WRONG = ("A" if RIGHT[0] != "A" else "B") + RIGHT[1:]
LATE_WRONG = RIGHT[:-2] + ("A" if RIGHT[-2] != "A" else "B") + RIGHT[-1:]
LONE = "one-secret.myshopify.com"
SECRETS_WITH_LONE = {**SECRETS, LONE: [b"shpss_its-only-secret"]}
WRONG = "A" * 43 + "="


def _shop(name: str) -> Delivery:
    return delivery(headers(shop_domain=name, hmac_sha256=WRONG))


UNKNOWN = _shop("not-known.myshopify.com")

SIDES = {
    "near and far signatures": (
        delivery(headers(hmac_sha256=AT_ONCE_WRONG)),
        delivery(headers(hmac_sha256=LATE_WRONG)),
    ),
    "unknown shop and shop with one secret": (UNKNOWN, _shop(LONE)),
    "unknown shop and shop in rotation": (UNKNOWN, delivery(headers(hmac_sha256=WRONG))),
}


def lookup(shop: str) -> list[bytes]:
    return SECRETS_WITH_LONE.get(shop, [])


@pytest.mark.parametrize("sides", sorted(SIDES))
def test_s03_the_time_of_a_refusal_tells_nothing(sides: str) -> None:
    left, right = SIDES[sides]
    found = [abs(welch_t(left, right, lambda d: verify(d, lookup))) for _ in range(ROUNDS)]
    assert min(found) < WELCH_T_MAX, f"{sides}: |t| of each round: {found}"


def test_s03_the_measure_sees_a_check_that_leaks() -> None:
    """A comparison that stops at the first difference, and work only for known shops, show."""

    def leaks(one: Delivery) -> object:
        shop = dict(one.headers)["x-shopify-shop-domain"]
        return verify(one, secrets_of) if secrets_of(shop) else None

    left, right = SIDES["unknown shop and shop in rotation"]
    assert min(abs(welch_t(left, right, leaks)) for _ in range(2)) > WELCH_T_MAX


def welch_t(left: Delivery, right: Delivery, check: Callable[[Delivery], object]) -> float:
    """Return Welch's t of the trimmed times of both sides, measured in turns."""
    times: tuple[list[int], list[int]] = ([], [])
    clock = time.perf_counter_ns
    gc.disable()
    try:
        for number in range(PAIRS):
            # Whoever comes second finds warm caches: each side is second equally often.
            for side in (0, 1) if number % 2 else (1, 0):
                one = right if side else left
                start = clock()
                check(one)
                times[side].append(clock() - start)
    finally:
        gc.enable()
    a, b = (sorted(side)[: int(PAIRS * KEPT_SHARE)] for side in times)
    spread = statistics.variance(a) / len(a) + statistics.variance(b) / len(b)
    return (statistics.fmean(a) - statistics.fmean(b)) / spread**0.5
