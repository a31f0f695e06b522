"""S3: how long a refusal takes tells neither how near a signature was nor whether a shop is known.

Two kinds of request are timed in turns, so that a busy machine hits both; interruptions are trimmed
off. Where the memory of a name or a secret happens to lie can be measured too, and would pass for a
leak: so each round draws new ones, and Student's t over the rounds asks for what all of them have
in common. On suspicion three times as many rounds are run afresh, and those decide.
"""

import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from counts import cases
from signed_requests import BODY, delivery, headers

from shopwright.adapters.secrets_sqlite import SqliteSecrets
from shopwright.core.types.event import Delivery
from shopwright.core.types.identity import StoreId
from shopwright.events.webhook import SHOP, SIGNATURE, sign, verify

ROUNDS = 10
PAIRS = cases(400, 2_000)
"""Of one round; 20,000 pairs in a soak."""
T_MAX = 4.5
NS_MAX = 25.0
"""Some dozen instructions: what is shorter depends on the processor, not on the work that is done.
A signature takes about 2,000 ns, and a look into a dictionary that finds nothing saves 30 ns."""
FILE_NS_MAX = 500.0
"""A shop with secrets is found in a dictionary, one without is looked for in another as well."""
CUT_SHARE = 0.2
"""So much of the differences is cut off at either end."""

Check = Callable[[Delivery], object]


class Shops(NamedTuple):
    """Shops that nobody has seen before, with names of one length."""

    secrets: dict[str, tuple[bytes, ...]]
    """None for the stranger: that there are none is remembered like any other answer."""
    stranger: str
    settled: str
    rotating: str

    def of(self, shop: str) -> tuple[bytes, ...]:
        return self.secrets[shop]


def shops() -> Shops:
    names = [f"{os.urandom(8).hex()}.myshopify.com" for _ in range(3)]
    drawn = [b"shpss_" + os.urandom(16).hex().encode() for _ in range(3)]
    secrets = {names[0]: (), names[1]: (drawn[0],), names[2]: (drawn[1], drawn[2])}
    return Shops(secrets, *names)


def asks(shop: str, signature: str | None = None) -> Delivery:
    given = sign(os.urandom(32), BODY) if signature is None else signature
    return delivery(headers(shop_domain=shop, hmac_sha256=given))


def near_and_far(known: Shops) -> tuple[Delivery, Delivery]:
    """Return two wrong signatures: one differs at once, the other only near its end."""
    right = sign(known.secrets[known.settled][0], BODY)
    at_once = ("A" if right[0] != "A" else "B") + right[1:]
    late = right[:-2] + ("A" if right[-2] != "A" else "B") + right[-1:]
    return asks(known.settled, at_once), asks(known.settled, late)


SIDES: dict[str, Callable[[Shops], tuple[Delivery, Delivery]]] = {
    "near and far signatures": near_and_far,
    "unknown shop and shop with one secret": lambda s: (asks(s.stranger), asks(s.settled)),
    "unknown shop and shop in rotation": lambda s: (asks(s.stranger), asks(s.rotating)),
}


def checked(known: Shops) -> Check:
    return lambda one: verify(one, known.of)


def known_shops_only(known: Shops) -> Check:
    """Compare nothing for a shop that is not known."""
    return lambda one: verify(one, known.of) if known.of(dict(one.headers)[SHOP]) else None


def as_many_as_there_are(known: Shops) -> Check:
    """Compare with the secrets that there are, and with nothing in their place."""

    def check(one: Delivery) -> object:
        told = dict(one.headers)
        return [sign(secret, one.body) == told[SIGNATURE] for secret in known.of(told[SHOP])]

    return check


def until_they_differ(known: Shops) -> Check:
    """Compare letter by letter, and stop at the first difference."""

    def check(one: Delivery) -> object:
        told = dict(one.headers)
        for secret in known.of(told[SHOP]):
            for given, right in zip(told[SIGNATURE], sign(secret, one.body), strict=True):
                if given != right:
                    break
        return None

    return check


LEAKS = [
    ("unknown shop and shop in rotation", known_shops_only),
    ("unknown shop and shop with one secret", as_many_as_there_are),
    ("near and far signatures", until_they_differ),
]


@pytest.mark.parametrize("sides", sorted(SIDES))
def test_s03_the_time_of_a_refusal_tells_nothing(sides: str) -> None:
    found = rounds(SIDES[sides], checked)
    assert not leaks(found), f"{sides}: ns of each round: {found}"


@pytest.mark.parametrize(("sides", "leaky"), LEAKS, ids=[leaky.__name__ for _, leaky in LEAKS])
def test_s03_the_measure_sees_a_check_that_leaks(
    sides: str, leaky: Callable[[Shops], Check]
) -> None:
    found = rounds(SIDES[sides], leaky)
    assert leaks(found), f"{sides}: ns of each round: {found}"


@pytest.mark.parametrize("sides", sorted(set(SIDES) - {"near and far signatures"}))
def test_s03_asking_the_file_for_secrets_tells_nothing(sides: str, tmp_path: Path) -> None:
    """Reading a row, or looking for one that is not there, would take some 10,000 ns."""
    secrets = SqliteSecrets(tmp_path / "control.db", bytes(32))

    def checked_with_file(known: Shops) -> Check:
        for shop, theirs in known.secrets.items():
            for secret in theirs:
                secrets.add(StoreId(shop), secret)
        return lambda one: verify(one, lambda shop: secrets.of(StoreId(shop)))

    found = rounds(SIDES[sides], checked_with_file, ns_max=FILE_NS_MAX)
    secrets.close()
    assert not leaks(found, FILE_NS_MAX), f"{sides}: ns of each round: {found}"


def test_s03_both_refusals_are_one_answer() -> None:
    known = shops()
    answers = {verify(asks(name), known.of) for name in known[1:]}
    assert len(answers) == 1


def rounds(
    sides: Callable[[Shops], tuple[Delivery, Delivery]],
    check: Callable[[Shops], Check],
    ns_max: float = NS_MAX,
) -> np.ndarray:
    """Return the difference in ns that each round found; more rounds than usual on suspicion."""
    for count in (ROUNDS, 3 * ROUNDS):
        drawn = (shops() for _ in range(count))
        found = np.array([trimmed(differences(*sides(one), check(one))) for one in drawn])
        if not leaks(found, ns_max):
            break
    return found


def leaks(found: np.ndarray, ns_max: float = NS_MAX) -> bool:
    """Whether the rounds agree that one side takes longer, and by more than next to nothing."""
    error = found.std(ddof=1) / len(found) ** 0.5
    return bool(abs(found.mean()) > max(T_MAX * error, ns_max))


def differences(left: Delivery, right: Delivery, check: Check) -> np.ndarray:
    """Return how much longer the right one took, in ns, for each pair."""
    clock = time.perf_counter_ns
    took = np.empty((PAIRS, 2), dtype=np.int64)
    gc.disable()
    try:
        for number in range(PAIRS):
            # Whoever comes second finds warm caches: each side is second equally often.
            for side in (0, 1) if number % 2 else (1, 0):
                one = right if side else left
                start = clock()
                check(one)
                took[number, side] = clock() - start
    finally:
        gc.enable()
    return took[:, 1] - took[:, 0]


def trimmed(sample: np.ndarray) -> float:
    """Return the mean without the extremes."""
    cut = int(CUT_SHARE * len(sample))
    return float(np.sort(sample)[cut : len(sample) - cut].mean())
