"""The packed record: all that is needed to answer a view for one customer at any later instant.

Orders that can change in no window any more are folded into the states of the view's lasting
aggregates; every other version is kept with the instants between which it was known. The state
answers exactly for any instant from its floor on, and refuses an earlier one.

Format 3, little-endian: format (1 byte), view version (2), floor_us (8), settled orders (4), listed
versions (4); then, when any order is settled, one 64-bit state for each lasting aggregate in the
view's order; then the listed versions by ``occurred_us``, each occurred_us, known_us,
known_until_us, gross_minor, refund_minor, discount_minor (8 each) and valid (1); last the CRC-32 of
all that, so that a bit that turned on its way from the ledger to an answer is found. Format 2 is
the same without discounts and format 1 without the CRC-32 too. Both are still read: no view that
existed then asks for discounts.
"""

import struct
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple
from zlib import crc32

import numpy as np

from shopwright.core.clock import iso
from shopwright.core.errors import Damaged, NotReady, ShopwrightError, TooNew, Unreadable
from shopwright.core.types.feature import FeatureValue
from shopwright.core.types.order import UNTIL_FOREVER_US, OrderVersion
from shopwright.features.definitions import CUSTOMER
from shopwright.features.evaluate import Row, answer, columns_of, counted, counted_by_numpy
from shopwright.features.operators import State
from shopwright.features.view import FeatureView

FORMAT = 3
_UNCHECKED = 1
"""The format that had no checksum."""
_UNDISCOUNTED = 2
"""The last format whose rows had no discount."""
_WITH_ITS_CHECKSUM = 0x2144DF1C
"""The CRC-32 of anything that is followed by its own CRC-32, little-endian."""
_CHECKSUM = struct.Struct("<I")
_CHECKSUM_BYTES = _CHECKSUM.size
_HEADER = struct.Struct("<BHqII")
_ROW = struct.Struct("<qqqqqq?")
_OLD_ROW = struct.Struct("<qqqqq?")
_ROWS = np.dtype(
    [
        ("occurred_us", "<i8"),
        ("known_us", "<i8"),
        ("known_until_us", "<i8"),
        ("gross_minor", "<i8"),
        ("refund_minor", "<i8"),
        ("discount_minor", "<i8"),
        ("valid", "?"),
    ]
)
_LISTED_IN_PYTHON_MAX = 60
"""Longer lists go through numpy: its calls cost more than a short loop (measured, same answers)."""


class Contents(NamedTuple):
    """What a packed record holds."""

    floor_us: int
    """The earliest instant that it can answer for."""
    settled_orders: int
    """Valid orders that are folded into totals."""
    listed_versions: int
    """Versions of orders that are kept one by one."""


def pack(versions: Iterable[OrderVersion], floor_us: int, view: FeatureView = CUSTOMER) -> bytes:
    """Return the state of a customer from all versions that name the customer, in any order.

    Raises Unreadable when the sums do not fit 64 bits.
    """
    settled, listed = _divide(versions, floor_us, view.widest_us)
    states = _states(view, settled) if settled else []
    try:
        header = _HEADER.pack(FORMAT, view.version, floor_us, len(settled), len(listed))
        totals = _totals(len(states)).pack(*states)
        state = b"".join([header, totals, *(_ROW.pack(*row) for row in listed)])
    except struct.error as error:
        raise Unreadable(
            f"a customer's orders do not fit the packed record ({error}); "
            "look for an order with an impossible amount and correct it in the shop"
        ) from error
    return state + _CHECKSUM.pack(crc32(state))


def evaluate(
    view: FeatureView, state: bytes, as_of_us: int, minor_per_major: int
) -> dict[str, FeatureValue]:
    """Return the view's features as of an instant, exactly as the portable SQL does.

    Raises NotReady for an instant before the floor or a state packed for an older view, TooNew for
    a state of a newer Shopwright, Damaged for one that is no state.
    """
    version, floor_us, settled_orders, listed_versions = _read_header(state)
    if version != view.version:
        raise _of_another_version(view, version)
    if as_of_us < floor_us:
        raise NotReady(
            f"this packed record answers from {_shown(floor_us)} on and was asked as of "
            f"{_shown(as_of_us)}; read the past with `shopwright features history`"
        )
    totals = _totals(len(view.plan.merges) if settled_orders else 0)
    listed_from = _HEADER.size + totals.size
    row = _ROW if state[0] > _UNDISCOUNTED else _OLD_ROW
    listed_to = listed_from + listed_versions * row.size
    if len(state) != listed_to + _CHECKSUM_BYTES * (state[0] != _UNCHECKED):
        raise Damaged(
            f"a packed record has {len(state)} bytes, not as many as its header says; "
            "rebuild the records with `shopwright replay`"
        )
    settled = totals.unpack_from(state, _HEADER.size)
    if row is _OLD_ROW:
        listed = [(*old[:5], 0, old[5]) for old in row.iter_unpack(state[listed_from:listed_to])]
        orders = counted(listed, as_of_us)
        return answer(view, orders, settled, as_of_us, minor_per_major)
    if listed_versions > _LISTED_IN_PYTHON_MAX:
        rows = np.frombuffer(state, _ROWS, listed_versions, listed_from)
        return answer(view, counted_by_numpy(rows, as_of_us), settled, as_of_us, minor_per_major)
    orders = counted(_ROW.iter_unpack(state[listed_from:listed_to]), as_of_us)
    return answer(view, orders, settled, as_of_us, minor_per_major)


def evaluate_versions(
    view: FeatureView, versions: Iterable[OrderVersion], as_of_us: int, minor_per_major: int
) -> dict[str, FeatureValue]:
    """Return the view's features of a customer's versions as of any instant; none is an answer."""
    rows = sorted(_row(version) for version in versions)
    return answer(view, counted(rows, as_of_us), (), as_of_us, minor_per_major)


def floor_of(state: bytes) -> int:
    """Return the earliest instant that a state can answer for. Raises TooNew, Damaged."""
    return contents_of(state).floor_us


def packed_for(view: FeatureView, state: bytes) -> bool:
    """Return whether a state can be read for this very version of the view."""
    try:
        return _read_header(state)[0] == view.version
    except ShopwrightError:
        return False


def contents_of(state: bytes) -> Contents:
    """Return what a state holds. Raises TooNew, Damaged."""
    return Contents(*_read_header(state)[1:])


def _divide(
    versions: Iterable[OrderVersion], floor_us: int, widest_us: int
) -> tuple[list[Row], list[Row]]:
    """Return the settled orders that count, and what must be listed, in the record's order.

    A version is left out when no question from the floor on can see it, or when it is settled and
    not valid. A settled one is alive for good, known before the floor and older than every window.
    """
    settled, listed = [], []
    for version in versions:
        if version.known_until_us < max(floor_us, version.known_us + 1):
            continue
        row = _row(version)
        for_good = row.known_us < floor_us and row.known_until_us == UNTIL_FOREVER_US
        if not for_good or row.occurred_us >= floor_us - widest_us:
            listed.append(row)
        elif row.valid:
            settled.append(row)
    return sorted(settled), sorted(listed)


def _states(view: FeatureView, settled: list[Row]) -> list[State]:
    columns = columns_of(settled)
    folds = view.plan.folds
    return [folds[place].fold(columns[folds[place].column]) for place, _ in view.plan.merges]


def _row(version: OrderVersion) -> Row:
    return Row(
        version.occurred_us,
        version.known_us,
        version.known_until_us,
        version.gross_minor,
        version.refund_minor,
        version.discount_minor,
        version.valid,
    )


@cache
def _totals(states: int) -> struct.Struct:
    return struct.Struct(f"<{states}q")


def _shown(us: int) -> str:
    try:
        return iso(us)
    except OverflowError:  # beyond the year 9999
        return f"{us} epoch microseconds"


def _of_another_version(view: FeatureView, version: int) -> ShopwrightError:
    if version > view.version:
        return TooNew(
            f"a packed record is of {view.name}@{version} and this Shopwright knows {view.label}; "
            "start the newer Shopwright that wrote it"
        )
    return NotReady(
        f"a packed record is of {view.name}@{version}, older than {view.label}; "
        "rebuild the records with `shopwright replay`"
    )


def _read_header(state: bytes) -> tuple[int, int, int, int]:
    if state and state[0] > FORMAT:
        raise TooNew(
            f"a packed record has format {state[0]} and this Shopwright reads up to {FORMAT}; "
            "start the newer Shopwright that wrote it"
        )
    if len(state) < _HEADER.size or not state[0]:
        raise Damaged(
            "a packed record does not begin as one should; "
            "rebuild the records with `shopwright replay`"
        )
    if crc32(state) != _WITH_ITS_CHECKSUM and state[0] != _UNCHECKED:
        raise Damaged(
            "a packed record does not match its checksum; "
            "rebuild the records with `shopwright replay`"
        )
    _, version, floor_us, settled_orders, listed_versions = _HEADER.unpack_from(state)
    return version, floor_us, settled_orders, listed_versions
