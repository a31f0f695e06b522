"""What a web process remembers of deliveries, so that the doctor can tell why none is believed.

Counts and instants by store, never a body or header. In memory, and every few seconds in a small
file of the run folder: a trace that a crash takes away does no harm.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.types.identity import StoreId

LAGS_KEPT = 20
STORES_MAX = 10_000
EVERY_US = 5_000_000
_NAME = "intake-{}.json"


class Deliveries(Struct, kw_only=True):
    """What came for one store since the process started."""

    right: int = 0
    last_right_us: int = 0
    wrong_in_a_row: int = 0
    """Wrong signatures since the last right one."""
    first_wrong_us: int = 0
    """The first of those."""
    last_wrong_us: int = 0
    lags_us: list[int] = []
    """Of the last genuine ones: received here less triggered there."""


class IntakeTrace:
    """The trace of one process; without a path it is kept in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._stores: dict[StoreId, Deliveries] = {}
        self._changed = False
        self._written_us = 0

    def right(self, store_id: StoreId, received_us: int, triggered_us: int | None) -> None:
        """Note a delivery that was believed."""
        seen = self._of(store_id)
        seen.right += 1
        seen.last_right_us = received_us
        seen.wrong_in_a_row = 0
        if triggered_us is not None:
            seen.lags_us = [*seen.lags_us[1 - LAGS_KEPT :], received_us - triggered_us]
        self._changed = True

    def wrong(self, store_id: StoreId, received_us: int) -> None:
        """Note a delivery for a known store that no secret of the store fits."""
        seen = self._of(store_id)
        if not seen.wrong_in_a_row:
            seen.first_wrong_us = received_us
        seen.wrong_in_a_row += 1
        seen.last_wrong_us = received_us
        self._changed = True

    def write(self, now_us: int, *, at_once: bool = False) -> None:
        """Bring the file up to date, unless that was done a moment ago."""
        if self._path is None or not self._changed:
            return
        if not at_once and now_us - self._written_us < EVERY_US:
            return
        self._changed, self._written_us = False, now_us
        unfinished = self._path.with_suffix(".new")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(msgspec.json.encode(dict(self._stores)))
        unfinished.replace(self._path)

    def _of(self, store_id: StoreId) -> Deliveries:
        seen = self._stores.get(store_id)
        if seen is None:
            if len(self._stores) >= STORES_MAX:
                self._stores.pop(next(iter(self._stores)))
            seen = self._stores[store_id] = Deliveries()
        return seen


def trace_path(run_folder: Path, worker_index: int) -> Path:
    """Return where a web process writes its trace."""
    return run_folder / _NAME.format(worker_index)


def read_traces(run_folder: Path) -> Mapping[StoreId, Deliveries]:
    """Return what all web processes noted, by store; a file that cannot be read is left out."""
    found: dict[StoreId, Deliveries] = {}
    for path in sorted(run_folder.glob(_NAME.format("*"))):
        try:
            stores = msgspec.json.decode(path.read_bytes(), type=dict[str, Deliveries])
        except (OSError, *NOT_DECODABLE):
            continue
        for store_id, seen in stores.items():
            known = found.get(StoreId(store_id))
            found[StoreId(store_id)] = seen if known is None else _together(known, seen)
    return found


def _together(one: Deliveries, other: Deliveries) -> Deliveries:
    """Add up what two processes saw: the wrong ones count only since the last right one of both."""
    last_right_us = max(one.last_right_us, other.last_right_us)
    wrong = [seen for seen in (one, other) if seen.last_wrong_us > last_right_us]
    return Deliveries(
        right=one.right + other.right,
        last_right_us=last_right_us,
        wrong_in_a_row=sum(seen.wrong_in_a_row for seen in wrong),
        first_wrong_us=min((seen.first_wrong_us for seen in wrong), default=0),
        last_wrong_us=max(one.last_wrong_us, other.last_wrong_us),
        lags_us=[*one.lags_us, *other.lags_us],
    )
