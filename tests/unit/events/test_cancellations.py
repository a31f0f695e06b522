"""Cancellations against a slow matcher that is written from the rule alone."""

from hypothesis import given
from hypothesis import strategies as st

from shopwright.events.cancellations import Match, Units, match


def _sold(*rows: tuple[int, int], key: int = 1) -> list[Units]:
    return [Units(key, at_us, units) for at_us, units in rows]


def test_an_exact_quantity_wins_over_a_newer_line() -> None:
    assert match(_sold((0, 5), (1, 7)), _sold((2, 5))) == [Match(0, 0, 5)]


def test_of_several_exact_lines_the_newest_is_taken() -> None:
    assert match(_sold((0, 5), (1, 5)), _sold((2, 5), (3, 5))) == [Match(1, 0, 5), Match(0, 1, 5)]


def test_other_quantities_are_spread_over_the_newest_lines() -> None:
    assert match(_sold((0, 4), (1, 3), (2, 2)), _sold((3, 6))) == [
        Match(2, 0, 2), Match(1, 0, 3), Match(0, 0, 1),
    ]  # fmt: skip


def test_a_line_of_the_same_minute_may_be_taken_and_a_later_one_may_not() -> None:
    assert match(_sold((5, 2), (6, 2)), _sold((5, 2), (5, 2))) == [Match(0, 0, 2)]


def test_another_customer_or_product_is_another_key() -> None:
    assert match(_sold((0, 2), key=1), _sold((1, 2), key=2)) == []


def test_what_is_left_of_a_line_is_no_exact_match() -> None:
    lines = _sold((0, 9), (1, 10), (4, 8))
    # 4 of the 10; then 6 come off the newest line, not off the 6 that are left of the 10
    assert match(lines, _sold((2, 4), (5, 6))) == [Match(1, 0, 4), Match(2, 1, 6)]


def _slow_match(lines: list[Units], cancellations: list[Units]) -> list[Match]:
    left = [line.units for line in lines]
    found = []
    for number, back in enumerate(cancellations):
        open_lines = [
            place
            for place, line in reversed(list(enumerate(lines)))
            if line.key == back.key and line.at_us <= back.at_us and left[place]
        ]
        exact = [place for place in open_lines if left[place] == lines[place].units == back.units][
            :1
        ]
        wanted = back.units
        for place in exact or open_lines:
            taken = min(wanted, left[place])
            if taken:
                found.append(Match(place, number, taken))
                left[place] -= taken
                wanted -= taken
    return found


_rows = st.lists(
    st.builds(Units, key=st.integers(0, 1), at_us=st.integers(0, 8), units=st.integers(1, 6)),
    max_size=14,
).map(lambda rows: sorted(rows, key=lambda row: row.at_us))


@given(_rows, _rows)
def test_the_fast_matcher_says_what_the_slow_one_says(
    lines: list[Units], cancellations: list[Units]
) -> None:
    assert match(lines, cancellations) == _slow_match(lines, cancellations)


@given(_rows, _rows, st.integers(0, 8))
def test_what_comes_later_never_changes_an_earlier_match(
    lines: list[Units], cancellations: list[Units], cut: int
) -> None:
    early_lines = [line for line in lines if line.at_us <= cut]
    early = [back for back in cancellations if back.at_us <= cut]
    whole = match(lines, cancellations)
    assert match(early_lines, early) == [m for m in whole if m.cancellation < len(early)]


def test_many_lines_of_one_customer_and_product_take_no_quadratic_time() -> None:
    many = 60_000  # the slow matcher would need many minutes
    lines = [Units(1, at, 3 + at % 5) for at in range(many)]
    cancellations = [Units(1, many, 1 + number % 7) for number in range(many)]
    found = match(lines, cancellations)
    assert sum(m.units for m in found) == sum(back.units for back in cancellations)
