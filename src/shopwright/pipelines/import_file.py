"""A file of order lines → events → log: resumable, and harmless to repeat.

Every event's delivery id is a digest of what it tells, so an import that is run again, or run on a
grown file, stores only what is new. How far it came is noted after each durable append.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import BadInput, TooNew
from shopwright.core.ports import KeyStore
from shopwright.core.types.event import Event
from shopwright.core.types.log import Appended
from shopwright.core.types.store import Store
from shopwright.events.column_map import ColumnMap, check_columns
from shopwright.events.settled_orders import Counts, counts
from shopwright.events.settlement import Settled, settle
from shopwright.events.transaction_rows import SAYS, Fate, RowBatch
from shopwright.events.transactions import Table as Rows
from shopwright.events.transactions import Transactions
from shopwright.pipelines.imported_events import told_events
from shopwright.pipelines.store_keys import StoreKeys

NOTE_FORMAT = 1
RULES = 1
"""Grows when the same file would be told otherwise: a finished import is then told again."""
CHUNK_EVENTS = 500
CHUNK_BYTES = 8 << 20
MALFORMED_ROW = "malformed_row"
TAKEN = (Fate.LINE, Fate.MATCHED)
REFUSED: Mapping[int, str] = {int(fate): says for fate, says in SAYS.items() if fate not in TAKEN}
"""The fates that a report of refused rows lists, with their sentences."""


class Table(Protocol):
    """A table that gives the same rows at each reading (``adapters.table_files``)."""

    @property
    def path(self) -> Path: ...
    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def rows(self) -> int | None: ...
    @property
    def malformed(self) -> Sequence[object]: ...
    def digest(self) -> str: ...
    def batches(self, columns: Mapping[str, str]) -> Iterator[RowBatch]: ...


class Refusals(Protocol):
    """Where the refused rows are written (``adapters.refusals_file``)."""

    def write(
        self, fates: NDArray[np.uint8], reasons: Mapping[int, str], units: Mapping[int, int]
    ) -> int: ...


class Notes(Protocol):
    """Where an import notes how far it came (``adapters.import_progress``)."""

    def load(self, key: str) -> bytes | None: ...
    def save(self, key: str, note: bytes) -> None: ...


class Progress(NamedTuple):
    """How far the import under way has come, for a progress bar."""

    step: str
    """``reading`` (rows) or ``appending`` (events)."""
    done: int
    total: int | None
    """None while it is not known."""


Watch = Callable[[Progress], None]


class ImportReport(Struct, frozen=True, kw_only=True):
    """What one run of an import did."""

    counts: Counts
    """Of the whole file, whatever an earlier run already told."""
    events_new: int
    events_duplicate: int
    """Known to the log already, or about a person who was erased."""
    events_before: int
    """Told by an earlier run of the same import, and not told again."""
    refused_rows_written: int | None
    """Rows in the report of refused rows; None when none was asked for."""
    seconds: float

    @property
    def nothing_new(self) -> bool:
        """Whether the log already held everything that the file tells."""
        return self.events_new == 0

    @property
    def cancellations_unmatched(self) -> int:
        """Rows of cancellations that found no order at all."""
        return sum(n for key, n in self.counts.refused.items() if key in _UNMATCHED)


_UNMATCHED = frozenset(
    fate.key
    for fate in (
        Fate.CANCELLATION_WITHOUT_CUSTOMER,
        Fate.CANCELLATION_WITHOUT_ORDER,
        Fate.CANCELLATION_WITHOUT_UNITS,
    )
)


class Note(Struct, frozen=True, kw_only=True):
    """What is remembered of an import between its runs."""

    format: int = NOTE_FORMAT
    told: int = 0
    """Events that are in the log, counted in the order in which the file is told."""
    finished: Counts | None = None


class _NoteFormat(Struct, frozen=True):
    format: int


class ImportFile:
    """Imports tables of order lines into the log."""

    def __init__(
        self,
        accept: Callable[[Sequence[Event]], Appended],
        keys: KeyStore,
        notes: Notes,
        clock: Clock,
    ) -> None:
        """``accept`` is ``Intake.accept``: on return every event is on disk, once."""
        self._accept = accept
        self._store_keys = StoreKeys(keys)
        self._notes = notes
        self._clock = clock

    def run(
        self,
        table: Table,
        store: Store,
        column_map: ColumnMap,
        *,
        refusals: Refusals | None = None,
        again: bool = False,
        watch: Watch = lambda _: None,
    ) -> ImportReport:
        """Import the table, or what an interrupted run left of it.

        A finished import is not told again; ``again`` does, for a log that came back from an older
        backup. Raises BadInput for a table whose columns are not those of the map.
        """
        started_us = self._clock.now_us()
        check_columns(column_map.columns, table.columns, str(table.path))
        key = _key(table, store, column_map)
        note = Note() if again else self._note(key)
        counted, written, done = note.finished, None, Appended(new=0, duplicates=0)
        if counted is None or refusals is not None:
            settled = settle(_read(table, store, column_map, watch))
            if refusals is not None:
                written = refusals.write(settled.fate, REFUSED, settled.unmatched_units)
            if counted is None:
                counted = _counted(settled, table)
                done = self._append(settled, store, counted, key, note.told, watch)
        return ImportReport(
            counts=counted,
            events_new=done.new,
            events_duplicate=done.duplicates,
            events_before=counted.products + counted.orders - done.new - done.duplicates,
            refused_rows_written=written,
            seconds=(self._clock.now_us() - started_us) / US_PER_SECOND,
        )

    def _note(self, key: str) -> Note:
        """Return what is known of the import. One that cannot be read is told anew: harmless."""
        found = self._notes.load(key)
        if found is None:
            return Note()
        try:
            if msgspec.json.decode(found, type=_NoteFormat).format > NOTE_FORMAT:
                raise TooNew(f"import {key}: a newer Shopwright began it; upgrade this one")
            return msgspec.json.decode(found, type=Note)
        except NOT_DECODABLE:
            return Note()

    def _append(
        self, settled: Settled, store: Store, counted: Counts, key: str, done: int, watch: Watch
    ) -> Appended:
        """Append what comes after the first ``done`` events, and note each durable step."""
        told = told_events(settled, store, self._store_keys.pseudonymiser(store.store_id))
        total = counted.products + counted.orders
        new = duplicates = 0
        for chunk in _chunks(islice(told, done, None)):
            received_us = self._clock.now_us()
            appended = self._accept(
                [structs.replace(event, received_us=received_us) for event in chunk]
            )
            new, duplicates = new + appended.new, duplicates + appended.duplicates
            done += len(chunk)
            self._notes.save(key, msgspec.json.encode(Note(told=done)))
            watch(Progress("appending", done, total))
        self._notes.save(key, msgspec.json.encode(Note(told=done, finished=counted)))
        return Appended(new=new, duplicates=duplicates)


def _read(table: Table, store: Store, column_map: ColumnMap, watch: Watch) -> Rows:
    transactions = Transactions(column_map.rules, store.currency, _zone(store))
    done = 0
    for batch in table.batches(column_map.columns.named()):
        transactions.add(batch)
        done += len(batch["invoice"].codes)
        watch(Progress("reading", done, table.rows))
    return transactions.table()


def _zone(store: Store) -> ZoneInfo:
    try:
        return ZoneInfo(store.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadInput(
            f"{store.store_id}: {store.timezone!r} is not a time zone; "
            f"use an IANA name such as Europe/London"
        ) from error


def _counted(settled: Settled, table: Table) -> Counts:
    """Count the rows, those that could not even be split into fields included."""
    counted, malformed = counts(settled), len(table.malformed)
    if not malformed:
        return counted
    refused = {**counted.refused, MALFORMED_ROW: malformed}
    return structs.replace(counted, rows=counted.rows + malformed, refused=refused)


def _key(table: Table, store: Store, column_map: ColumnMap) -> str:
    """Return a digest of everything on which the told events depend."""
    settings = (RULES, table.digest(), store.store_id, store.currency, store.timezone, column_map)
    return hashlib.sha256(msgspec.json.encode(settings)).hexdigest()[:32]


def _chunks(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Group events for one durable append each: bounded in number and in bytes."""
    chunk: list[Event] = []
    size = 0
    for event in events:
        chunk.append(event)
        size += len(event.body)
        if len(chunk) == CHUNK_EVENTS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
