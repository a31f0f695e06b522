"""S26: whatever comes late, twice or in any order about an erased person brings nothing back.

Each case is one shop's life by hand: all that can be told of Ann, told in an order that a seed
draws, with repetitions, the erasure somewhere in the middle, and one death anywhere. A failure
names its seed.
"""

from typing import Any

import numpy as np
import pytest
from counts import cases
from erasing_system import holds
from small_shop import ANN, BOB, REFUND, SHOP, SmallShop, held, replayed

from shopwright.privacy.receipts import verify

CASES = cases(100, 1_000)
AT_ONCE = 20
TEXTS = (b"ann@", b"cleo@", b'"id": 7,', b'"id": 9,')
Told = tuple[str, dict[str, Any]]


def everything(shop: SmallShop) -> list[Told]:
    """Return all that is told of Ann under her own name, and of her older account."""
    cleo = {"id": 9, "email": "cleo@example.com"}
    later = "2026-09-2{}T10:00:00Z"
    return [
        ("customers/create", ANN | {"updated_at": later.format(0)}),
        ("orders/create", shop.body(1, ANN)),
        ("orders/paid", shop.body(1, ANN, updated_at=later.format(1))),
        ("orders/updated", shop.body(1, ANN, updated_at=later.format(2), note="to ann@work")),
        ("refunds/create", REFUND),
        ("orders/create", shop.body(2, cleo)),
        ("orders/cancelled", shop.body(2, cleo, cancelled_at=later.format(3))),
        (
            "customers/merge",
            {
                "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/7",
                "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/9",
                "status": "completed",
            },
        ),
        ("checkouts/create", {"id": 4, "email": "ann@example.com", "customer": ANN}),
        ("customers/update", ANN | {"updated_at": later.format(4)}),
        ("orders/delete", {"id": 2}),
    ]


def as_a_guest(shop: SmallShop) -> list[Told]:
    """Return what is told of her without a name: after an erasure that is a new person's."""
    return [
        ("orders/create", shop.body(11, None, email="ann@example.com")),
        ("checkouts/create", {"id": 12, "email": "ANN@example.com"}),
    ]


def request(rng: np.random.Generator) -> dict[str, Any]:
    """Return the erasure as Shopify asks for it: by id, by all, or by address alone."""
    who = [{"id": 7}, ANN, {"email": "Ann@Example.com"}][int(rng.integers(3))]
    return {"shop_domain": SHOP, "customer": who, "orders_to_redact": []}


def shuffled(rng: np.random.Generator, told: list[Told]) -> list[Told]:
    """Return the events in another order, each once to three times."""
    often = [one for one in told for _ in range(int(rng.integers(1, 4)))]
    return [often[int(n)] for n in rng.permutation(len(often))]


def live(seed: int) -> SmallShop:
    rng = np.random.default_rng([seed, 26])
    shop = SmallShop()
    every = everything(shop)
    shop.order(3, BOB)
    # Before: her account, so that an address finds her; the merge, so that both are one person.
    early = [every[0], every[5], every[7], *as_a_guest(shop)]
    early += [one for one in every if one not in early and rng.random() < 0.6]
    for topic, body in shuffled(rng, early):
        shop.tell(topic, body, settle=bool(rng.random() < 0.5))
    shop.system.settle()
    shop.system.countdown._left = int(rng.integers(2, 250))
    asked = request(rng)
    shop.tell("customers/redact", asked, settle=bool(rng.random() < 0.5))
    during = shuffled(rng, every)
    for topic, body in during[: int(rng.integers(len(during)))]:
        shop.tell(topic, body, settle=False)
        for _ in range(int(rng.integers(3))):
            shop.system.settle(steps=1)
    if rng.random() < 0.3:
        shop.tell("customers/redact", asked)
    shop.system.finish_erasures()
    for topic, body in shuffled(rng, every):
        shop.tell(topic, body, settle=bool(rng.random() < 0.3))
    shop.system.finish_erasures()
    return shop


@pytest.mark.parametrize("first", range(0, CASES, AT_ONCE))
def test_s26_nothing_comes_back_in_whatever_order_it_is_told(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        shop = live(seed)
        leaves = list(shop.system.leaves())
        people = [shop.who("customer", one) for one in ("7", "9")]
        people += [shop.who("contact", f"{name}@example.com") for name in ("ann", "cleo")]
        people += [shop.who("checkout", one) for one in ("4", "12")]
        assert not [who for who in people if holds(leaves, who)], f"seed {seed}"
        bodies = list(shop.system.bodies())
        found = [body for body in bodies if any(text in body for text in TEXTS)]
        assert not found, f"seed {seed}"
        assert [body for body in bodies if b"bob@" in body]
        assert shop.orders() == {shop.who("order", "3")}, f"seed {seed}"
        assert replayed(shop) == held(shop), f"seed {seed}"
        assert not shop.system.ledger.dead_letters(3), f"seed {seed}"
        assert all(verify(one).tombstones for one in shop.system.requests.receipts(SHOP))
