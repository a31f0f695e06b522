"""The tiles of everything that a store sells, open while orders change in them."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.order import UNTIL_FOREVER_US, Line, OrderVersion
from shopwright.features.item_view import TALLIED, ItemView
from shopwright.features.local_days import day_of
from shopwright.features.tiles import Tiles, entity_of, pack_tiles

EVERYTHING = ""
"""The item of a view that names none: all that a store sells."""

Place = tuple[int, str]
"""Place of the view, and the item."""


class Touched(NamedTuple):
    """Somebody whose orders change: the versions that name the person before and after."""

    store_id: StoreId
    person: Pseudonym
    before: Sequence[OrderVersion]
    after: Sequence[OrderVersion]


class Bought(NamedTuple):
    """A thing, who bought it, and on which day."""

    place: Place
    buyer: Pseudonym
    day: int


class Books:
    """The tiles that are open while records are made."""

    def __init__(self, views: Sequence[ItemView], zone: str) -> None:
        self._views = views
        self._zone = zone
        self.opened: dict[Place, Tiles] = {}

    def open(self, place: Place) -> Tiles:
        """Return a thing's tiles; of one that was not open, empty ones."""
        found = self.opened.get(place)
        if found is None:
            found = self.opened[place] = Tiles(zone=self._zone, known_us=0, days={}, buyers={})
        return found

    def places(self, version: OrderVersion) -> set[Place]:
        """Return everything that lines of the version name, whether it counts or not."""
        return {
            (number, item)
            for number, view in enumerate(self._views)
            for line in version.lines
            if (item := _item_of(view, line)) is not None
        }

    def count(self, version: OrderVersion, sign: int) -> None:
        """Add a version's sales, or take them back."""
        if not version.sold:
            return
        day = day_of(self._zone, version.occurred_us)
        for number, view in enumerate(self._views):
            for item, amounts in _sales(view, version).items():
                self.opened[number, item].add(day, amounts, sign)

    def known(self, version: OrderVersion, us: int) -> None:
        """Note that what the version says, or ceased to say, became known at an instant."""
        for place in self.places(version):
            tiles = self.opened[place]
            tiles.known_us = max(tiles.known_us, us)

    def bought(self, version: OrderVersion) -> Iterator[Bought]:
        """Yield what a customer bought with the version, and on which day."""
        if version.sold and version.customer is not None:
            day = day_of(self._zone, version.occurred_us)
            for place in self.places(version):
                yield Bought(place, version.customer, day)

    def move(self, one: Touched) -> None:
        """Let somebody's latest order of each thing be that of after, in place of that before."""
        stay = {id(version) for version in one.before} & {id(version) for version in one.after}
        changed = [v for v in (*one.before, *one.after) if id(v) not in stay]
        things = {place for version in changed for place in self.places(version)}
        before, after = self._latest(one.before, things), self._latest(one.after, things)
        for place in before.keys() | after.keys():
            was, is_ = before.get(place), after.get(place)
            if was != is_:
                self.opened[place].move_buyer(was, is_)

    def _latest(
        self, versions: Sequence[OrderVersion], things: Collection[Place]
    ) -> dict[Place, int]:
        latest: dict[Place, int] = {}
        for version in versions:
            if version.known_until_us == UNTIL_FOREVER_US:
                for place, _, day in self.bought(version):
                    if place in things:
                        latest[place] = max(day, latest.get(place, day))
        return latest

    def records(self, store_id: StoreId, received_us: int) -> list[PackedRecord]:
        """Pack what was opened; a thing of which no sale is left loses its record."""
        return [
            PackedRecord(
                store_id=store_id,
                view=self._views[number].name,
                entity=entity_of(item),
                revision=0,
                received_us=received_us,
                state=(
                    pack_tiles(self._views[number], tiles)
                    if tiles.days or tiles.buyers or item == EVERYTHING
                    else b""
                ),
            )
            for (number, item), tiles in sorted(self.opened.items(), key=lambda one: one[0])
        ]


def _item_of(view: ItemView, line: Line) -> str | None:
    if line.gift_card or line.quantity <= 0:
        return None
    if view.column is None:
        return EVERYTHING
    found: str | None = getattr(line, view.column)
    return found


def _sales(view: ItemView, version: OrderVersion) -> dict[str, tuple[int, ...]]:
    """Return what one order holds of each thing, in the order of ``TALLIED``."""
    sales: dict[str, tuple[int, ...]] = {}
    for line in version.lines:
        item = _item_of(view, line)
        if item is not None:
            more = (
                0 if item in sales else 1,
                line.quantity,
                line.returned,
                line.gross_minor,
                line.refund_minor,
                line.discount_minor,
            )
            before = sales.get(item, (0,) * len(TALLIED))
            sales[item] = tuple(a + b for a, b in zip(before, more, strict=True))
    return sales
