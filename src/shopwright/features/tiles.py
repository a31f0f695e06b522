"""The packed record of what is sold: one tile for each day on which an order holds the thing.

Tiles are sums over the newest known version of every order, so a version that replaces another is
one subtraction and one addition, whatever happened to the order. Different buyers are counted by
the day of each one's latest order of the thing: who bought last in a window bought in it, because
every window of buyers runs up to the instant asked about.

Format 1: format (1 byte), view version (2), known_us (8, signed), little-endian; then msgpack of
the zone, the tiles by day and the buyers by day; last the CRC-32 of all that.
"""

import struct
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any
from zlib import crc32

import msgspec
from msgspec import Struct

from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Damaged, NotReady, TooNew
from shopwright.core.types.feature import FeatureValue
from shopwright.core.types.identity import Pseudonym
from shopwright.features.feature import Derived
from shopwright.features.item_view import MADE_OF, TALLIED, Buyers, ItemView, Tally
from shopwright.features.local_days import day_of

FORMAT = 1
_HEADER = struct.Struct("<BHq")
_CHECKSUM = struct.Struct("<I")

Amounts = tuple[int, ...]
"""What is kept of a day, in the order of ``TALLIED``."""


class Tiles(Struct):
    """What is known of one thing; ``known_us`` only grows."""

    zone: str
    """The calendar that the days are of."""
    known_us: int
    """The newest instant at which anything of it became known: it answers from after that on."""
    days: dict[int, Amounts]
    buyers: dict[int, int]
    """Day of a customer's latest order to the number of customers."""

    def add(self, day: int, amounts: Sequence[int], sign: int) -> None:
        """Count a sale, or take it back with the sign −1."""
        before = self.days.get(day, (0,) * len(TALLIED))
        after = tuple(old + sign * new for old, new in zip(before, amounts, strict=True))
        if any(after):
            self.days[day] = after
        else:
            self.days.pop(day, None)

    def move_buyer(self, before: int | None, after: int | None) -> None:
        """Note that a customer's latest order was of one day and is of another; None is never."""
        for day, step in ((before, -1), (after, 1)):
            if day is not None:
                many = self.buyers.get(day, 0) + step
                if many:
                    self.buyers[day] = many
                else:
                    self.buyers.pop(day, None)


def entity_of(item: str) -> Pseudonym:
    """Return the key under which a thing's record lies: its Shopify id, which names nobody."""
    return Pseudonym(item.encode())


def item_id(text: str) -> str:
    """Return a thing's id as events carry it: a gid by its last part, any other text as it is."""
    kind, _, last = text.rpartition("/")
    return last if kind.startswith("gid://") else text


def pack_tiles(view: ItemView, tiles: Tiles) -> bytes:
    """Return the state; equal tiles give equal bytes."""
    state = _HEADER.pack(FORMAT, view.version, tiles.known_us) + _encode(
        (
            tiles.zone,
            [(day, *tiles.days[day]) for day in sorted(tiles.days)],
            sorted(tiles.buyers.items()),
        )
    )
    return state + _CHECKSUM.pack(crc32(state))


def unpack_tiles(view: ItemView, state: bytes) -> Tiles:
    """Return what a state holds.

    Raises NotReady for a state of another version of the view, TooNew for one of a newer
    Shopwright, Damaged for one that is no state.
    """
    if state and state[0] > FORMAT:
        raise TooNew(
            f"a packed record of {view.name} has format {state[0]} and this Shopwright reads "
            f"{FORMAT}; start the newer Shopwright that wrote it"
        )
    if len(state) < _HEADER.size or crc32(state[:-4]) != _CHECKSUM.unpack(state[-4:])[0]:
        raise Damaged(
            f"a packed record of {view.name} does not match its checksum; "
            "rebuild the records with `shopwright replay`"
        )
    _, version, known_us = _HEADER.unpack_from(state)
    if version != view.version:
        raise NotReady(
            f"a packed record is of {view.name}@{version} and asked for is {view.label}; the "
            "running worker makes it again"
        )
    try:
        zone, days, buyers = _decode(state[_HEADER.size : -4])
    except NOT_DECODABLE as error:
        raise Damaged(
            f"a packed record of {view.name} cannot be read ({error}); "
            "rebuild the records with `shopwright replay`"
        ) from error
    return Tiles(
        zone=zone,
        known_us=known_us,
        days={day[0]: tuple(day[1:]) for day in days},
        buyers=dict(buyers),
    )


def answers_from(tiles: Tiles, now_us: int) -> int:
    """Return the instant as of which the tiles answer a question of now: what is told is known.

    Shopify's clock may lie ahead of ours by moments.
    """
    return max(now_us, tiles.known_us + 1)


def evaluate_tiles(
    view: ItemView, tiles: Tiles, as_of_us: int, minor_per_major: int
) -> dict[str, FeatureValue]:
    """Return the view's features as of an instant, exactly as the portable SQL does.

    Raises NotReady for an instant at which not all of it was known.
    """
    if as_of_us <= tiles.known_us:
        raise NotReady(
            f"this packed record of {view.name} holds what became known later than the instant "
            "asked about; read the past with `shopwright features history`"
        )
    today = day_of(tiles.zone, as_of_us)
    days = sorted(tiles.days)
    sums = _running_sums(tiles.days, days)
    values: dict[str, Any] = {}
    for one in view.folds:
        if isinstance(one, Buyers):
            first = None if one.days is None else today - one.days
            values[one.name] = sum(
                many for day, many in tiles.buyers.items() if first is None or day >= first
            )
        else:
            values[one.name] = _within(one, sums, days, today)
    for feature in view.features:
        if isinstance(feature, Derived):
            inputs = [values[name] for name in feature.of]
            values[feature.name] = feature.rule.value(inputs, as_of_us, minor_per_major)
    return {name: values[name] for name in view.names}


def _running_sums(tiles: Mapping[int, Amounts], days: Sequence[int]) -> Mapping[str, Sequence[int]]:
    """Return for each column the sum of the first 0, 1, 2 … days."""
    columns = zip(*(tiles[day] for day in days), strict=True) if days else ((),) * len(TALLIED)
    sums = {
        name: list(accumulate(column, initial=0))
        for name, column in zip(TALLIED, columns, strict=True)
    }
    return sums | {
        name: [a + sign * b for a, b in zip(sums[left], sums[right], strict=True)]
        for name, (left, right, sign) in MADE_OF.items()
    }


def _within(one: Tally, sums: Mapping[str, Sequence[int]], days: Sequence[int], today: int) -> int:
    running = sums[one.column]
    first = 0 if one.days is None else bisect_left(days, today - one.days)
    last = bisect_left(days, today - one.until) if one.until else len(days)
    return running[last] - running[first]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, list[tuple[int, ...]], list[tuple[int, int]]]).decode
