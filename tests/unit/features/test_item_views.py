"""Views of what is sold: what they mean, what is refused, and records that were turned or cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import BadInput, Damaged, NotReady, TooNew
from shopwright.features.feature import Derived
from shopwright.features.item_sql import item_sql
from shopwright.features.item_view import TALLIED, Buyers, ItemView, Tally, item_digest
from shopwright.features.items import ITEM_VIEWS, PRODUCT, STORE
from shopwright.features.operators import RATIO
from shopwright.features.tiles import Tiles, evaluate_tiles, item_id, pack_tiles, unpack_tiles

MEANINGS = {
    "product@1": "3332785d7d357dba70919bbd3b89837303a6c508cc4434b8147795711707153b",
    "variant@1": "3ca6e50d45b9127ab1e787d0cd37da36c37e2f2e21a87ce6c142ebc170d70471",
    "store@1": "493a769c2b52bd42141d1a856b9ec33b4f77a6f0c8da7f3ecac510ff528c8605",
}
"""Every version that was ever released, and the digest of what it means. A released one stays."""

COUNTED_IN = {1: {"product@1", "variant@1", "store@1"}}
"""By version of ``store``, the views in which a store is counted when its record is there."""

days = st.integers(-1_000, 30_000)
amounts = st.tuples(*[st.integers(-(2**40), 2**40)] * len(TALLIED)).filter(any)
tiles = st.builds(
    Tiles,
    zone=st.sampled_from(["UTC", "Asia/Tokyo"]),
    known_us=st.integers(0, 2**60),
    days=st.dictionaries(days, amounts, max_size=20),
    buyers=st.dictionaries(days, st.integers(1, 2**40), max_size=20),
)
SOME = Tiles(zone="UTC", known_us=7, days={3: (1, 2, 0, 500, 0, 0)}, buyers={3: 1})


@pytest.mark.parametrize("view", ITEM_VIEWS, ids=lambda view: view.label)
def test_a_view_means_what_its_version_meant_when_it_was_released(view: ItemView) -> None:
    found = item_digest(view, item_sql(view))
    assert MEANINGS.get(view.label) == found, (
        f"{view.label} no longer means what it did. Give the view the next version and add its "
        f"digest {found} here; records of the old one are then made again"
    )


def test_a_new_view_or_version_grows_the_store_too() -> None:
    labels = {view.label for view in ITEM_VIEWS}
    assert COUNTED_IN.get(STORE.version) == labels, "the record of a store says it is counted whole"
    assert max(COUNTED_IN) == STORE.version


@given(tiles)
def test_what_is_packed_is_what_is_read(one: Tiles) -> None:
    state = pack_tiles(PRODUCT, one)
    assert unpack_tiles(PRODUCT, state) == one
    assert pack_tiles(PRODUCT, unpack_tiles(PRODUCT, state)) == state


@given(tiles, st.lists(st.tuples(days, amounts), max_size=8), st.randoms())
def test_sales_come_and_go_in_any_order(
    one: Tiles, sales: list[tuple[int, tuple[int, ...]]], chance: object
) -> None:
    before = pack_tiles(PRODUCT, one)
    for day, of_day in sales:
        one.add(day, of_day, 1)
        one.move_buyer(None, day)
    for day, of_day in reversed(sales):
        one.add(day, of_day, -1)
        one.move_buyer(day, None)
    assert pack_tiles(PRODUCT, one) == before


def test_every_turned_bit_of_a_record_is_found() -> None:
    state = pack_tiles(PRODUCT, SOME)
    for bit in range(8 * len(state)):
        turned = bytearray(state)
        turned[bit // 8] ^= 1 << bit % 8
        with pytest.raises((Damaged, TooNew)):
            unpack_tiles(PRODUCT, bytes(turned))
    for length in range(len(state)):
        with pytest.raises(Damaged):
            unpack_tiles(PRODUCT, state[:length])


def test_a_record_of_another_version_is_not_read() -> None:
    older = pack_tiles(replace(PRODUCT, version=2), SOME)
    with pytest.raises(NotReady, match="product@2 and asked for is product@1"):
        unpack_tiles(PRODUCT, older)


def test_a_record_does_not_answer_for_an_instant_before_it_was_known() -> None:
    with pytest.raises(NotReady, match="features history"):
        evaluate_tiles(PRODUCT, SOME, 7, 100)
    assert evaluate_tiles(PRODUCT, SOME, 8, 100)["units_total"] == 2


def test_a_window_ends_so_many_midnights_later() -> None:
    for after, units in ((7, 2), (8, 0)):
        as_of_us = (3 + after) * US_PER_DAY
        assert evaluate_tiles(PRODUCT, SOME, as_of_us, 100)["units_7d"] == units
    for after, units in ((336, 0), (337, 2), (364, 2), (365, 0)):
        found = evaluate_tiles(PRODUCT, SOME, (3 + after) * US_PER_DAY, 100)
        assert found["units_ahead_last_year"] == units


def test_a_thing_is_named_by_its_id_or_gid() -> None:
    assert item_id("gid://shopify/Product/632910392") == "632910392"
    assert item_id("85123A") == "85123A"
    assert item_id("A/B") == "A/B"


@pytest.mark.parametrize(
    ("features", "why"),
    [
        ((Tally("a", "colour", 7, "units", "."),), "there is no column 'colour'"),
        ((Tally("a", "units", 7, "units", ".", until=7),), "a window that ends must begin before"),
        ((Tally("a", "units", None, "units", ".", until=7),), "a window that ends must begin"),
        ((Buyers("a", 7, "customers", "."),) * 2, "the name is used 2 times"),
        ((Derived("a", RATIO, ("b", "c"), "M", "share", "."),), "there is no b, c"),
        ((Derived("a", RATIO, ("b",), "M", "share", "."),), "not of the closed set"),
    ],
)
def test_a_wrong_definition_is_refused_with_the_reason(
    features: tuple[Tally | Buyers | Derived, ...], why: str
) -> None:
    with pytest.raises(BadInput, match=why):
        ItemView(name="x", version=1, entity="x", column=None, inputs=(), features=features)
