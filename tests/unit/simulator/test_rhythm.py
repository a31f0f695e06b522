import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.simulator.rhythm import Habit, draw_gap, order_chance

HABITS = st.builds(
    Habit,
    rate=st.floats(0.001, 0.2),
    rhythm=st.integers(1, 20),
    dropout=st.floats(0.0, 0.9),
)
AGES = st.floats(0.0, 300.0)
AHEAD = st.floats(0.0, 90.0)


def played_out(habit: Habit, age: float, ahead: float, kept: float, runs: int) -> float:
    """Estimate the same chance by living through it, dropping whoever bought before ``age``."""
    rng = np.random.default_rng(11)
    lasting = counted = 0
    while counted < runs:
        at = draw_gap(habit, rng)
        if at < age:
            continue
        counted += 1
        while at < age + ahead:
            if rng.random() < kept:
                lasting += 1
                break
            if rng.random() < habit.dropout:
                break
            at += draw_gap(habit, rng)
    return lasting / runs


@pytest.mark.parametrize(
    ("habit", "age", "ahead", "kept"),
    [
        (Habit(rate=1 / 40, rhythm=1, dropout=0.3), 55.0, 30.0, 0.97),
        (Habit(rate=1 / 40, rhythm=12, dropout=0.1), 20.0, 30.0, 0.97),
        (Habit(rate=1 / 40, rhythm=12, dropout=0.1), 45.0, 7.0, 0.97),
        (Habit(rate=1 / 8, rhythm=3, dropout=0.2), 5.0, 30.0, 0.5),
    ],
)
def test_the_closed_form_agrees_with_playing_it_out(
    habit: Habit, age: float, ahead: float, kept: float
) -> None:
    runs = 4_000
    exact = order_chance(habit, age, ahead, kept)
    error = math.sqrt(exact * (1 - exact) / runs)
    assert played_out(habit, age, ahead, kept, runs) == pytest.approx(exact, abs=4 * error)


@given(HABITS, AGES, AHEAD, AHEAD)
def test_a_longer_horizon_never_makes_an_order_less_likely(
    habit: Habit, age: float, ahead: float, more: float
) -> None:
    short = order_chance(habit, age, ahead, 0.97)
    long = order_chance(habit, age, ahead + more, 0.97)
    assert 0.0 <= short <= long + 1e-9
    assert long <= 1.0


@given(st.floats(0.001, 0.2), AGES, AHEAD)
def test_without_rhythm_it_does_not_matter_how_long_ago_the_last_order_was(
    rate: float, age: float, ahead: float
) -> None:
    habit = Habit(rate=rate, rhythm=1, dropout=0.4)
    assert order_chance(habit, age, ahead, 1.0) == pytest.approx(
        1.0 - math.exp(-rate * ahead), abs=1e-9
    )


def test_with_rhythm_the_chance_rises_as_the_gap_fills() -> None:
    habit = Habit(rate=1 / 40, rhythm=12, dropout=0.1)
    chances = [order_chance(habit, age, 7.0, 0.97) for age in (0.0, 15.0, 30.0, 45.0)]
    assert chances == sorted(chances)
    assert chances[0] < 0.001
    assert chances[-1] > 0.3
