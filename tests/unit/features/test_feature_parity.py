"""One feature, one answer: SQL, packed record, versions and oracle agree bit for bit."""

from feature_parity import differing
from hypothesis import given, settings
from hypothesis import strategies as st
from order_histories import CUSTOMERS, DAY, MIDNIGHT, MINOR_PER_MAJOR, STORES, History, Question
from order_histories import history as draw_history


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_every_reading_gives_the_oracles_bits(data: st.DataObject) -> None:
    history = draw_history(lambda low, high: data.draw(st.integers(low, high)))
    assert differing(history) == set()


def test_a_customer_of_whom_nothing_is_known_has_zeros_and_nulls() -> None:
    questions = [
        Question(STORES[0], CUSTOMERS[3], MIDNIGHT, minor, MIDNIGHT - DAY)
        for minor in MINOR_PER_MAJOR
    ]
    assert differing(History([], questions)) == set()
