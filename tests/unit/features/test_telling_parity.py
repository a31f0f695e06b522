"""From what Shopify told to the vector: tellings, versions, record and SQL against the oracle."""

from typing import Any

import feature_oracle
import pytest
from feature_parity import Expected, Ledger, Vector, differing
from hypothesis import given, settings
from hypothesis import strategies as st
from order_histories import STORES, History, Question, Story, seeded, story

from shopwright.core.types.order import OrderVersion
from shopwright.events import order_chain
from shopwright.events.order_chain import chain, gather
from shopwright.features.definitions import CUSTOMER, VIEWS
from shopwright.features.record import pack
from shopwright.features.view import FeatureView


def _versions(told: Story) -> list[OrderVersion]:
    return [
        version
        for order, tellings in told.tellings.items()
        for version in chain(STORES[0], order, gather((), tellings), told.merges)
    ]


def _oracle(told: Story, view: FeatureView = CUSTOMER) -> Expected:
    def expected(question: Question) -> Vector:
        known = feature_oracle.of_tellings(
            told.tellings,
            told.merges,
            question.customer,
            question.as_of_us,
            question.minor_per_major,
        )
        return {name: known[name] for name in view.names}

    return expected


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_tellings_give_the_oracles_bits_by_every_reading(
    view: FeatureView, data: st.DataObject
) -> None:
    told = story(lambda low, high: data.draw(st.integers(low, high)))
    history = History(_versions(told), told.questions)
    assert differing(history, _oracle(told, view), view=view) == set()


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
