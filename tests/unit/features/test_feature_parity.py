"""One feature, one answer: SQL, packed record, versions and oracle agree bit for bit."""

import pytest
from feature_parity import differing
from hypothesis import given, settings
from hypothesis import strategies as st
from order_histories import CUSTOMERS, DAY, MIDNIGHT, MINOR_PER_MAJOR, STORES, History, Question
from order_histories import history as draw_history

from shopwright.features.definitions import VIEWS
from shopwright.features.view import FeatureView


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_every_reading_gives_the_oracles_bits(view: FeatureView, data: st.DataObject) -> None:
    history = draw_history(lambda low, high: data.draw(st.integers(low, high)))
    assert differing(history, view=view) == set()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_customer_of_whom_nothing_is_known_has_zeros_and_nulls(view: FeatureView) -> None:
    questions = [
        Question(STORES[0], CUSTOMERS[3], MIDNIGHT, minor, MIDNIGHT - DAY)
        for minor in MINOR_PER_MAJOR
    ]
    assert differing(History([], questions), view=view) == set()
