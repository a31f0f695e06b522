"""What is counted by difference, what is counted whole, the SQL and the oracle: all the same."""

import random

import pytest
from counts import cases
from item_oracle import of_items
from msgspec.structs import replace
from sold_things import CLOCKS_CHANGE_US, PRODUCTS, STORE_ID, ZONES, Sold, lives

from shopwright.adapters.memory_offline import MemoryOfflineStore
from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.feature import FeatureValue, PackedRecord
from shopwright.core.types.ledger import Document
from shopwright.features.item_view import ItemView
from shopwright.features.items import ITEM_VIEWS, PRODUCT, STORE, VARIANT
from shopwright.features.tiles import (
    Tiles,
    answers_from,
    entity_of,
    evaluate_tiles,
    unpack_tiles,
)
from shopwright.pipelines.point_in_time import features_of_stores, item_spine

ITEMS = {
    PRODUCT.name: (*PRODUCTS, "none"),
    VARIANT.name: (*(f"{one}-{number}" for one in PRODUCTS for number in (1, 2)), "none"),
    STORE.name: ("",),
}
every_seed = pytest.mark.parametrize("seed", range(cases(6, 200)), ids=lambda seed: f"seed-{seed}")


def lived(seed: int) -> Sold:
    sold = Sold(ZONES[seed % len(ZONES)])
    for batch in lives(seed):
        sold.change(batch)
    return sold


def online(
    sold: Sold, view: ItemView, item: str, now_us: int
) -> tuple[int, dict[str, FeatureValue]]:
    """Return the instant as of which the record answers, and its answer."""
    record = sold.ledger.packed(STORE_ID, view.name, [entity_of(item)]).get(entity_of(item))
    if record is None:  # nothing says from when on there is nothing
        now_us += 60 * US_PER_DAY
        tiles = Tiles(zone=sold.store.timezone, known_us=0, days={}, buyers={})
    else:
        tiles = unpack_tiles(view, record.state)
    as_of_us = answers_from(tiles, now_us)
    return as_of_us, evaluate_tiles(view, tiles, as_of_us, 100)


def history(sold: Sold) -> MemoryOfflineStore:
    offline = MemoryOfflineStore()
    months = {
        month: sold.ledger.month_orders(month)
        for month in sold.ledger.changed_months(0)
        if month.holds == "orders"
    }
    offline.write(months, {}, through=1)
    return offline


def by_sql(
    sold: Sold, view: ItemView, items: list[str], instants: list[int]
) -> list[dict[str, FeatureValue]]:
    asked = item_spine(view, [sold.store] * len(items), items, instants)
    found = features_of_stores(history(sold), view, asked)
    lists = {name: found[name].tolist() for name in view.names}
    return [{name: lists[name][row] for name in view.names} for row in range(len(items))]


@every_seed
def test_the_record_the_sql_and_the_oracle_agree_at_the_head(seed: int) -> None:
    sold = lived(seed)
    versions = sold.versions()
    for view in ITEM_VIEWS:
        items = list(ITEMS[view.name])
        answers = [online(sold, view, item, CLOCKS_CHANGE_US) for item in items]
        instants = [as_of_us for as_of_us, _ in answers]
        expected = [
            of_items(versions, sold.store.timezone, view.name, item, as_of_us, 100)
            for item, as_of_us in zip(items, instants, strict=True)
        ]
        assert [values for _, values in answers] == [
            {name: one[name] for name in view.names} for one in expected
        ]
        assert by_sql(sold, view, items, instants) == [values for _, values in answers]


@every_seed
def test_the_past_is_answered_as_it_was_known(seed: int) -> None:
    sold, draw = lived(seed), random.Random(seed)
    edges = [us for v in sold.versions() for us in (v.known_us, v.known_us + 1, v.occurred_us)]
    for view in ITEM_VIEWS:
        items = [draw.choice(ITEMS[view.name]) for _ in range(20)]
        instants = [draw.choice(edges) + draw.choice((0, 28 * US_PER_DAY)) for _ in items]
        expected = [
            of_items(sold.versions(), sold.store.timezone, view.name, item, as_of_us, 100)
            for item, as_of_us in zip(items, instants, strict=True)
        ]
        found = by_sql(sold, view, items, instants)
        assert found == [{name: one[name] for name in view.names} for one in expected]


@every_seed
def test_counting_by_difference_gives_what_counting_whole_gives(seed: int) -> None:
    _check_counted_like_whole(lived(seed))


def _check_counted_like_whole(sold: Sold) -> None:
    counted = sold.states()
    again = {(r.view, r.entity): r.state for r in sold.tally.whole(STORE_ID, {}, 1) if r.state}
    assert {at: _content(at, state) for at, state in counted.items()} == {
        at: _content(at, state) for at, state in again.items()
    }


def _content(at: tuple[str, bytes], state: bytes) -> tuple[object, ...]:
    """Return a state without the instant from which it answers: what was replaced may raise it."""
    view = next(view for view in ITEM_VIEWS if view.name == at[0])
    tiles = unpack_tiles(view, state)
    return tiles.zone, tiles.days, tiles.buyers


def test_a_store_is_counted_whole_with_its_first_event() -> None:
    sold = lived(3)
    sold.commit({}, [replace(record, state=b"") for record in _records(sold)])
    assert not sold.tally.is_whole(STORE_ID)
    (batch, *_) = lives(99)
    sold.change(batch)
    assert sold.tally.is_whole(STORE_ID)
    _check_counted_like_whole(sold)


def test_a_store_is_counted_whole_again_when_its_days_become_others() -> None:
    sold = lived(3)
    sold.stores.put(replace(sold.store, timezone="Asia/Tokyo"))
    assert not sold.tally.is_whole(STORE_ID)
    (batch, *_) = lives(99)
    sold.change(batch)
    zones = {unpack_tiles(STORE, r.state).zone for r in _records(sold) if r.view == STORE.name}
    assert zones == {"Asia/Tokyo"}
    _check_counted_like_whole(sold)


def test_a_damaged_record_is_counted_anew() -> None:
    sold = lived(4)
    hit = next(record for record in _records(sold) if record.view == PRODUCT.name)
    sold.commit({}, [replace(hit, state=hit.state[:-1] + bytes([hit.state[-1] ^ 1]))])
    item = hit.entity.decode()
    chain = next(
        (document, chain)
        for document, chain in sold.ledger.chains(
            sorted({Document(STORE_ID, "order", v.order) for v in sold.versions()})
        ).items()
        if any(line.product_id == item and line.quantity for line in chain[-1].lines)
    )
    sold.change(dict([chain]))
    _check_counted_like_whole(sold)


def _records(sold: Sold) -> list[PackedRecord]:
    return [r for view in ITEM_VIEWS for r in sold.ledger.packed_records(view.name)]
