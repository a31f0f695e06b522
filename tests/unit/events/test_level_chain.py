"""A level's versions: a function of the set of tellings, one alive at a time, true at midnight."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import Document, Telling
from shopwright.core.types.order import UNTIL_FOREVER_US
from shopwright.core.types.stock import LevelFact, LevelVersion
from shopwright.events.level_chain import chain
from shopwright.events.stock import PAST, documents_of, keep, levels

STORE = StoreId("a.myshopify.com")
DAYS = 70

instants = st.builds(
    lambda day, offset: day * US_PER_DAY + offset,
    st.integers(0, DAYS) | st.integers(28, 33),
    st.integers(0, 3) | st.integers(0, US_PER_DAY - 1),
)
facts = st.builds(
    LevelFact,
    item=st.sampled_from(["7", "8"]),
    location=st.sampled_from(["1", "2"]),
    updated_us=instants,
    available=st.none() | st.integers(-3, 3),
)
many = st.lists(facts, max_size=30)


def alive(versions: Iterable[LevelVersion], as_of_us: int) -> dict[tuple[str, str], int | None]:
    """Return what is known as of an instant; raise where two versions of a place are alive."""
    found: dict[tuple[str, str], int | None] = {}
    for one in versions:
        if one.known_us < as_of_us <= one.known_until_us:
            assert (one.item, one.location) not in found
            found[one.item, one.location] = one.available
    return found


def kept_of(told: Sequence[LevelFact]) -> list[Telling]:
    """Return what the ledger keeps of the past, month by month."""
    months: dict[Document, list[Telling]] = {}
    for fact in told:
        months.setdefault(documents_of(STORE, fact)[1], []).append(fact)
    return [one for of_month in months.values() for one in keep(PAST, of_month)]


@given(many, st.randoms())
def test_neither_order_nor_repetition_counts(told: list[LevelFact], random) -> None:  # type: ignore[no-untyped-def]
    again = [*told, *random.sample(told, len(told) // 2)]
    random.shuffle(again)
    assert chain(STORE, again) == chain(STORE, told)


@given(many, instants)
def test_one_version_of_a_place_is_alive_and_it_is_the_newest(
    told: list[LevelFact], as_of_us: int
) -> None:
    versions = chain(STORE, told)
    before = [one for one in told if one.updated_us < as_of_us]
    newest = {
        (item, place): one.available
        for item in ("7", "8")
        for place, one in levels([fact for fact in before if fact.item == item]).items()
    }
    assert alive(versions, as_of_us) == newest


@given(many)
def test_versions_follow_each_other_and_each_changes_something(told: list[LevelFact]) -> None:
    versions = chain(STORE, told)
    assert list(versions) == sorted(versions, key=lambda v: (v.item, v.location, v.known_us))
    for one, two in pairwise(versions):
        if (one.item, one.location) == (two.item, two.location):
            assert one.known_us < one.known_until_us == two.known_us
            assert one.available != two.available
        else:
            assert one.known_until_us == UNTIL_FOREVER_US


@given(many, st.integers(0, DAYS + 1))
def test_what_is_kept_answers_a_midnight_as_everything_would(
    told: list[LevelFact], day: int
) -> None:
    midnight = day * US_PER_DAY
    assert alive(chain(STORE, kept_of(told)), midnight) == alive(chain(STORE, told), midnight)


@given(many, instants)
def test_within_a_day_what_is_kept_tells_a_level_of_before(
    told: list[LevelFact], as_of_us: int
) -> None:
    today = as_of_us // US_PER_DAY
    for place, available in alive(chain(STORE, kept_of(told)), as_of_us).items():
        before = [
            one for one in told if (one.item, one.location) == place and one.updated_us < as_of_us
        ]
        newest_day = max(one.updated_us // US_PER_DAY for one in before)
        last_us = max(
            (one.updated_us for one in before if one.updated_us // US_PER_DAY < today), default=-1
        )
        if newest_day < today:
            assert available in {one.available for one in before if one.updated_us == last_us}
        else:
            since = [one for one in before if one.updated_us >= last_us]
            assert available in {one.available for one in since}


def test_other_tellings_are_passed_over() -> None:
    assert chain(STORE, ()) == ()
    fact = LevelFact(item="7", location="1", updated_us=5, available=None)
    assert chain(STORE, [fact]) == (
        LevelVersion(
            store_id=STORE,
            item="7",
            location="1",
            known_us=5,
            known_until_us=UNTIL_FOREVER_US,
            available=None,
        ),
    )
