"""What is kept of stock depends on the set of tellings alone, and forgets no empty shelf."""

from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.identity import StoreId
from shopwright.core.types.stock import LevelFact
from shopwright.events.stock import NOW, PAST, documents_of, keep, levels

STORE = StoreId("a.myshopify.com")
DAY = US_PER_DAY

facts = st.builds(
    LevelFact,
    item=st.just("7"),
    location=st.sampled_from(["1", "2"]),
    updated_us=st.integers(0, 4 * DAY),
    available=st.none() | st.integers(-3, 9),
)
many = st.lists(facts, max_size=25)


@given(st.sampled_from([NOW, PAST]), many, many, st.randoms())
def test_it_is_a_function_of_the_set(kind, some, others, random) -> None:  # type: ignore[no-untyped-def]
    together = [*some, *others, *some]
    random.shuffle(together)
    assert keep(kind, [*keep(kind, some), *others]) == keep(kind, together)
    assert keep(kind, keep(kind, some)) == keep(kind, some)


@given(many)
def test_the_present_is_the_newest_at_each_place(told: list[LevelFact]) -> None:
    found = levels(told)
    assert set(found) == {one.location for one in told}
    for place, level in found.items():
        newest_us = max(one.updated_us for one in told if one.location == place)
        assert level in told
        assert level.updated_us == newest_us
    assert levels(keep(NOW, told)) == found == levels(keep(PAST, told))


@given(many)
def test_of_each_day_the_emptiest_shelf_is_remembered(told: list[LevelFact]) -> None:
    kept = [one for one in keep(PAST, told) if isinstance(one, LevelFact)]
    for one in told:
        same = [k for k in kept if (k.location, k.updated_us // DAY) == _bucket(one)]
        assert 1 <= len(same) <= 2
        assert min(_units(k) for k in same) <= _units(one)


def _bucket(one: LevelFact) -> tuple[str, int]:
    return one.location, one.updated_us // DAY


def _units(one: LevelFact) -> float:
    return float("-inf") if one.available is None else one.available


def test_the_past_lies_in_months() -> None:
    fact = LevelFact(item="7", location="1", updated_us=1_790_000_000_000_000, available=3)
    now, past = documents_of(STORE, fact)
    assert (now.kind, now.key) == (NOW, b"7")
    assert (past.kind, past.key) == (PAST, b"7/2026-09")
