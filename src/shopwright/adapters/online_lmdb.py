"""The online store in LMDB: a memory-mapped read copy of the packed records.

One process writes, many read; a reader never waits for the writer. Everything in it can be made
again from the ledger. So a file of another format is emptied rather than migrated, and a commit may
lose its last transaction in a power cut: ``through`` is lost with it, and the repair starts there.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import lmdb

from shopwright.adapters.lmdb_scrub import scrub
from shopwright.adapters.locks import make_folder
from shopwright.core.errors import BadInput, Busy, NotReady
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId

FORMAT = 1
MAP_BYTES = 256 << 20
"""Where the map begins; it doubles whenever it is full. Address space, not disk."""
READERS_MAX = 512
_FORMAT_KEY = b"\0format"
_THROUGH_KEY = b"\0through"
_NUMBER = struct.Struct("<q")
_HEAD = struct.Struct("<qq")

T = TypeVar("T")


class LmdbOnlineStore:
    """Packed records under store, view and entity.

    The writer makes the folder; a reader that comes first finds nothing until it is there. Within
    one process a folder can be open once.
    """

    def __init__(self, folder: Path, *, readonly: bool = False, map_bytes: int = MAP_BYTES) -> None:
        self._folder = folder
        self._readonly = readonly
        # Growing the map is only allowed while no thread of this process is in a transaction.
        self._lock = Lock()
        self._environment: Any = None
        if not readonly:
            make_folder(folder)
            self._environment = _open_to_write(folder, map_bytes)

    def put(self, records: Sequence[PackedRecord], through: int) -> None:
        """Store records in one transaction; an older revision never replaces a newer one."""

        def store(transaction: Any) -> None:
            for record in records:
                key = _key(record.store_id, record.view, record.entity)
                before = transaction.get(key)
                if before is not None and _HEAD.unpack_from(before)[0] > record.revision:
                    continue
                if record.state:
                    head = _HEAD.pack(record.revision, record.received_us)
                    transaction.put(key, head + record.state)
                else:
                    transaction.delete(key)
            if through > _number(transaction, _THROUGH_KEY):
                transaction.put(_THROUGH_KEY, _NUMBER.pack(through))

        self._write(store)

    def read(
        self, store_id: StoreId, view: str, entities: Sequence[Pseudonym]
    ) -> dict[Pseudonym, PackedRecord]:
        """Return the records that exist."""
        prefix = _prefix(store_id, view)

        def look_up(transaction: Any) -> dict[Pseudonym, PackedRecord]:
            get = transaction.get
            return {
                entity: _record(store_id, view, entity, value)
                for entity in entities
                if (value := get(prefix + entity)) is not None
            }

        return self._read(look_up, {})

    def through(self) -> int:
        """Return the ledger revision that this copy has reached; 0 when it is empty."""
        return self._read(lambda transaction: _number(transaction, _THROUGH_KEY), 0)

    def page(
        self, store_id: StoreId, view: str, after: Pseudonym | None, limit: int
    ) -> Sequence[PackedRecord]:
        """Return records of a store in the order of their pseudonyms."""
        prefix = _prefix(store_id, view)

        def walk(transaction: Any) -> list[PackedRecord]:
            first = prefix if after is None else prefix + after + b"\0"
            found: list[PackedRecord] = []
            for key, value in _from(transaction, first):
                if len(found) >= limit or not key.startswith(prefix):
                    break
                entity = Pseudonym(key[len(prefix) :])
                found.append(_record(store_id, view, entity, value))
            return found

        return self._read(walk, [])

    def forget(self, store_id: StoreId, entity: Pseudonym | None) -> None:
        """Remove the entity from every view, its old bytes included; None: the whole store.

        Walks the whole file: about a second for 400 MB. Raises Busy when a reader holds an older
        state for too long; calling again finishes the work.
        """

        def remove(transaction: Any) -> None:
            for key in _keys_of(transaction, store_id, entity):
                transaction.delete(key)

        self._write(remove)
        with self._lock:
            # LMDB writes pages from buffers that it uses again: they still hold the old bytes.
            map_bytes = self._environment.info()["map_size"]
            self._environment.close()
            self._environment = None
            self._environment = _open_to_write(self._folder, map_bytes)
            scrub(self._environment, self._folder)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        with self._lock:
            if self._environment is not None:
                self._environment.close()
                self._environment = None

    def _write(self, work: Callable[[Any], None]) -> None:
        if self._readonly:
            raise BadInput(f"{self._folder}: opened for reading; only the worker writes to it")
        with self._lock:
            environment = self._opened()
            # A reader that was killed would otherwise keep its pages from being used again.
            environment.reader_check()
            while True:
                try:
                    with environment.begin(write=True) as transaction:
                        work(transaction)
                    return
                except lmdb.MapFullError:
                    environment.set_mapsize(2 * environment.info()["map_size"])

    def _read(self, work: Callable[[Any], T], nothing: T) -> T:
        with self._lock:
            environment = self._opened()
            if environment is None:
                return nothing
            try:
                with environment.begin() as transaction:
                    return work(transaction)
            except lmdb.MapResizedError:
                # The writer grew the map: take over its size.
                environment.set_mapsize(0)
                with environment.begin() as transaction:
                    return work(transaction)

    def _opened(self) -> Any:
        """Return the environment; for a reader None while there is none in our format."""
        if self._environment is None and self._readonly:
            self._environment = _open_to_read(self._folder)
        elif self._environment is None:
            raise NotReady(f"{self._folder}: the online store was closed; open it again")
        return self._environment


def _open_to_write(folder: Path, map_bytes: int) -> Any:
    try:
        environment = _open(folder, map_size=map_bytes)
    except (lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.CorruptedError):
        (folder / "data.mdb").unlink()
        (folder / "lock.mdb").unlink(missing_ok=True)
        environment = _open(folder, map_size=map_bytes)
    with environment.begin(write=True) as transaction:
        if _number(transaction, _FORMAT_KEY) != FORMAT:
            transaction.drop(environment.open_db(None, transaction), delete=False)
            transaction.put(_FORMAT_KEY, _NUMBER.pack(FORMAT))
    return environment


def _open_to_read(folder: Path) -> Any:
    """Return the environment, or None while the writer has not made it in our format."""
    if not (folder / "data.mdb").exists():
        return None
    try:
        environment = _open(folder, readonly=True)
    except (lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.CorruptedError):
        return None
    with environment.begin() as transaction:
        if _number(transaction, _FORMAT_KEY) == FORMAT:
            return environment
    environment.close()
    return None


def _open(folder: Path, **options: Any) -> Any:
    try:
        return lmdb.open(
            str(folder),
            metasync=False,
            readahead=False,
            max_readers=READERS_MAX,
            mode=0o600,
            **options,
        )
    except lmdb.LockError as error:
        raise Busy(
            f"{folder}: the online store cannot be opened ({error}); "
            "stop one of the processes that use it"
        ) from error


def _number(transaction: Any, key: bytes) -> int:
    value = transaction.get(key)
    return _NUMBER.unpack(value)[0] if value is not None and len(value) == _NUMBER.size else 0


def _prefix(store_id: str, view: str) -> bytes:
    return f"{store_id}\0{view}\0".encode()


def _key(store_id: str, view: str, entity: bytes) -> bytes:
    return _prefix(store_id, view) + entity


def _record(store_id: StoreId, view: str, entity: Pseudonym, value: bytes) -> PackedRecord:
    revision, received_us = _HEAD.unpack_from(value)
    return PackedRecord(
        store_id=store_id,
        view=view,
        entity=entity,
        revision=revision,
        received_us=received_us,
        state=value[_HEAD.size :],
    )


def _from(transaction: Any, first: bytes) -> Iterator[tuple[bytes, bytes]]:
    cursor = transaction.cursor()
    if cursor.set_range(first):
        yield from cursor.iternext(keys=True, values=True)


def _keys_of(transaction: Any, store_id: str, entity: bytes | None) -> list[bytes]:
    if entity is not None:
        return [_key(store_id, view, entity) for view in _views(transaction, store_id)]
    prefix = f"{store_id}\0".encode()
    keys = (key for key, _ in _from(transaction, prefix))
    return list(takewhile(lambda key: key.startswith(prefix), keys))


def _views(transaction: Any, store_id: str) -> list[str]:
    """Return the store's views: one look-up each, however many entities they have."""
    prefix = f"{store_id}\0".encode()
    views: list[str] = []
    key = next((key for key, _ in _from(transaction, prefix)), b"")
    while key.startswith(prefix):
        view = key[len(prefix) :].partition(b"\0")[0]
        views.append(view.decode())
        key = next((key for key, _ in _from(transaction, prefix + view + b"\1")), b"")
    return views
