"""From what Shopify told to the vector: tellings, versions, record and SQL against the oracle."""

from typing import Any

import feature_oracle
import pytest
from feature_parity import Expected, Ledger, differing
from hypothesis import given, settings
from hypothesis import strategies as st
from order_histories import STORES, History, Story, seeded, story

from shopwright.core.types.order import OrderVersion
from shopwright.events import order_chain
from shopwright.events.order_chain import chain, gather
from shopwright.features.record import pack


def _versions(told: Story) -> list[OrderVersion]:
    return [
        version
        for order, tellings in told.tellings.items()
        for version in chain(STORES[0], order, gather((), tellings), told.merges)
    ]


def _oracle(told: Story) -> Expected:
    return lambda question: feature_oracle.of_tellings(
        told.tellings,
        told.merges,
        question.customer,
        question.as_of_us,
        question.minor_per_major,
    )


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_tellings_give_the_oracles_bits_by_every_reading(data: st.DataObject) -> None:
    told = story(lambda low, high: data.draw(st.integers(low, high)))
    assert differing(History(_versions(told), told.questions), _oracle(told)) == set()


def test_an_order_told_twice_late_and_backwards_gives_the_same_record_and_rows() -> None:
    for seed in range(30):
        told = story(seeded(seed))
        backwards = Story(
            {order: [*one[::-1], *one] for order, one in told.tellings.items()},
            told.merges[::-1],
            told.questions,
        )
        first, second = _versions(told), _versions(backwards)
        assert first == second
        once, again = Ledger(first), Ledger(second[::-1])
        for question in told.questions:
            states = {pack(one.of(question), question.floor_us) for one in (once, again)}
            assert len(states) == 1


def test_a_chain_without_the_refund_cap_is_caught_in_every_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def uncapped(*of: Any, **options: Any) -> Any:
        """Stands in for ``min`` in the chain: of two amounts it takes the refund."""
        money = len(of) == 2 and type(of[0]) is int
        return of[1] if money else min(*of, **options)

    monkeypatch.setattr(order_chain, "min", uncapped, raising=False)
    caught: set[str] = set()
    for told in (story(seeded(seed)) for seed in range(100)):
        caught |= differing(History(_versions(told), told.questions), _oracle(told))
        if len(caught) == 3:
            break
    assert caught == {"sql", "record", "versions"}
