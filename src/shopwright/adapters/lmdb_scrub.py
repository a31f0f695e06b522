"""Overwrites what LMDB leaves behind: a page that it frees keeps its bytes until it is used again.

Old bytes lie in four places, and none of them is ever read again: free pages, the gap between the
pointers and the nodes of a page, the end of an overflow page, and separators in branch pages that
are copies of keys which were deleted. All are overwritten in the file itself while the writer's
lock is held and nobody reads an older state; so readers go on, and a crash at any byte leaves a
good file. Reads the data format 1 of LMDB 0.9 on a 64-bit little-endian machine (``mdb.c``,
``struct MDB_page``, ``MDB_node`` and ``MDB_meta``).
"""

import mmap
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from shopwright.core.errors import Busy, Damaged

READERS_SECONDS_MAX = 10.0
"""A reader of ours lasts milliseconds; one that lasts longer keeps old pages in use."""
_LOOK_SECONDS = 0.002
_MAGIC = 0xBEEFC0DE
_DATA_VERSION = 1
_PAGE_HEAD = struct.Struct("<QHHHH")
_NODE_HEAD = struct.Struct("<HHHH")
_META = struct.Struct("<IIQQ")
_META_DB = struct.Struct("<IHHQQQQQ")
_META_END = struct.Struct("<QQ")
_BRANCH, _LEAF, _OVERFLOW = 0x01, 0x02, 0x04
_KNOWN_FLAGS = _BRANCH | _LEAF | _OVERFLOW | 0x10  # dirty: harmless on disk
_BIG_DATA = 0x01
_NO_PAGE = (1 << 64) - 1


class _Meta(NamedTuple):
    txnid: int
    last_page: int
    roots: tuple[int, int]
    """Of the free list and of the data."""


class _Patch(NamedTuple):
    """Bytes that nobody reads."""

    start: int
    end: int


def scrub(environment: Any, folder: Path) -> None:
    """Overwrite everything in the file that is not part of its newest state; on return on disk.

    ``environment`` is open for writing, with no transaction of this process. Raises Busy when a
    reader holds an older state for too long (calling again finishes the work), Damaged for a file
    format that is not known.
    """
    environment.sync(True)
    with environment.begin(write=True) as transaction:  # keeps other writers out
        _wait_for_readers(environment, folder)
        _overwrite(folder / "data.mdb", environment.stat()["psize"], environment.info())
        transaction.abort()


def _wait_for_readers(environment: Any, folder: Path) -> None:
    """Wait until nobody reads an older state: its pages are still in use."""
    newest = environment.info()["last_txnid"]
    waited = 0.0
    while any(seen < newest for seen in _read_by_others(environment)):
        if waited >= READERS_SECONDS_MAX:
            raise Busy(
                f"{folder}: the rows are deleted, but a process has been reading an older state "
                f"for {READERS_SECONDS_MAX:.0f} seconds; run the same command again"
            )
        environment.reader_check()
        Event().wait(_LOOK_SECONDS)
        waited += _LOOK_SECONDS


def _read_by_others(environment: Any) -> list[int]:
    """Return the transaction that each reader reads; LMDB shows ``pid thread txnid`` or a dash."""
    lines = [line.split() for line in environment.readers().splitlines()]
    return [int(words[2]) for words in lines if len(words) == 3 and words[2].isdigit()]


def _overwrite(path: Path, page_bytes: int, info: Any) -> None:
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        with _mapped(handle) as view:
            tree = _Tree(view, page_bytes, path)
            meta = tree.newest()
            if (meta.txnid, meta.last_page) != (info["last_txnid"], info["last_pgno"]):
                raise _unknown(path)
            patches = [*tree.patches(meta), *tree.free()]
            # Compared first: most pages were overwritten by an earlier call.
            dirty = [patch for patch in patches if not _is_zero(view[patch.start : patch.end])]
        for patch in dirty:
            os.pwrite(handle, bytes(patch.end - patch.start), patch.start)
        os.fdatasync(handle)
    finally:
        os.close(handle)


@contextmanager
def _mapped(handle: int) -> Iterator[memoryview]:
    with (
        mmap.mmap(handle, 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as view,
    ):
        yield view


def _is_zero(part: memoryview) -> bool:
    return bytes(part).count(0) == len(part)


class _Tree:
    """The pages of a file that are part of its newest state."""

    def __init__(self, view: memoryview, page_bytes: int, path: Path) -> None:
        self._view = view
        self._page_bytes = page_bytes
        self._path = path
        self._live = bytearray(len(view) // page_bytes)
        self._last_key = b""

    def newest(self) -> _Meta:
        """Return the newer of the two meta pages."""
        self._live[0] = self._live[1] = 1
        return max(self._meta(0), self._meta(1))

    def patches(self, meta: _Meta) -> Iterator[_Patch]:
        """Walk both trees; yield what is unused in their pages, and mark them as live."""
        free_list, data = meta.roots
        if free_list != _NO_PAGE:
            # Its keys are numbers: they name nobody, and are not compared byte by byte.
            yield from self._walk(free_list, separators=False)
        if data != _NO_PAGE:
            self._last_key = b""
            yield from self._walk(data, separators=True)

    def free(self) -> Iterator[_Patch]:
        """Yield the pages that the walk did not meet."""
        for number, live in enumerate(self._live):
            if not live:
                yield _Patch(number * self._page_bytes, (number + 1) * self._page_bytes)

    def _meta(self, number: int) -> _Meta:
        start = number * self._page_bytes + _PAGE_HEAD.size
        magic, version, _, _ = _META.unpack_from(self._view, start)
        if (magic, version) != (_MAGIC, _DATA_VERSION) or sys.byteorder != "little":
            raise _unknown(self._path)
        start += _META.size
        roots = [
            _META_DB.unpack_from(self._view, start + which * _META_DB.size)[-1] for which in (0, 1)
        ]
        last_page, txnid = _META_END.unpack_from(self._view, start + 2 * _META_DB.size)
        return _Meta(txnid, last_page, (roots[0], roots[1]))

    def _walk(self, number: int, *, separators: bool) -> Iterator[_Patch]:
        start = number * self._page_bytes
        mine, _, flags, lower, upper = _PAGE_HEAD.unpack_from(self._view, start)
        if mine != number or flags & ~_KNOWN_FLAGS or self._live[number]:
            raise _unknown(self._path)
        self._live[number] = 1
        yield _Patch(start + lower, start + upper)
        nodes = [start + at for at in self._view[start + _PAGE_HEAD.size : start + lower].cast("H")]
        if flags & _LEAF:
            yield from self._leaf(nodes)
            return
        for index, node in enumerate(nodes):
            child, key_at, key = self._branch_node(node)
            if separators and index and key != self._leftmost(child):
                yield _Patch(key_at + _needed(self._last_key, key), key_at + len(key))
            yield from self._walk(child, separators=separators)

    def _leaf(self, nodes: list[int]) -> Iterator[_Patch]:
        for at in nodes:
            low, high, flags, key_bytes = _NODE_HEAD.unpack_from(self._view, at)
            if flags & ~_BIG_DATA:
                raise _unknown(self._path)
            if flags:
                data_at = at + _NODE_HEAD.size + key_bytes
                (first,) = struct.unpack_from("<Q", self._view, data_at)
                yield self._overflow(first, low | high << 16)
        if nodes:
            self._last_key = self._key(nodes[-1])

    def _branch_node(self, at: int) -> tuple[int, int, bytes]:
        """Return the child's page, and where its separator lies and what it is."""
        low, high, highest, _ = _NODE_HEAD.unpack_from(self._view, at)
        return low | high << 16 | highest << 32, at + _NODE_HEAD.size, self._key(at)

    def _key(self, at: int) -> bytes:
        key_bytes = _NODE_HEAD.unpack_from(self._view, at)[3]
        key_at = at + _NODE_HEAD.size
        return bytes(self._view[key_at : key_at + key_bytes])

    def _leftmost(self, number: int) -> bytes:
        """Return the first key below a page."""
        while True:
            start = number * self._page_bytes
            flags = _PAGE_HEAD.unpack_from(self._view, start)[2]
            (pointer,) = struct.unpack_from("<H", self._view, start + _PAGE_HEAD.size)
            if flags & _LEAF:
                return self._key(start + pointer)
            number = self._branch_node(start + pointer)[0]

    def _overflow(self, first: int, data_bytes: int) -> _Patch:
        start = first * self._page_bytes
        mine, _, flags, low, high = _PAGE_HEAD.unpack_from(self._view, start)
        pages = low | high << 16
        if mine != first or not flags & _OVERFLOW or any(self._live[first : first + pages]):
            raise _unknown(self._path)
        self._live[first : first + pages] = b"\1" * pages
        return _Patch(start + _PAGE_HEAD.size + data_bytes, start + pages * self._page_bytes)


def _needed(left: bytes, separator: bytes) -> int:
    """Return how many bytes of a separator tell it from the last key on its left.

    With zeros behind them, in whatever order they are written, the separator stays greater than
    that key and never grows: it parts the same keys as before.
    """
    for index, (ours, theirs) in enumerate(zip(separator, left, strict=False)):
        if ours != theirs:
            return index + 1
    return min(len(left), len(separator))


def _unknown(path: Path) -> Damaged:
    return Damaged(
        f"{path}: the online store has a layout that this Shopwright does not know, so deleted "
        f"bytes cannot be overwritten. It is a copy: stop Shopwright, delete the folder "
        f"{path.parent}, and the worker makes it again from the ledger"
    )
