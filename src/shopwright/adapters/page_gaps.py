"""Overwrites the gaps in the pages of SQLite files; a program of its own, with no imports of ours.

A page of a B-tree grows from both ends, and what lies between is never read. When SQLite moves rows
to another page it leaves their old bytes there, with ``secure_delete`` too: that overwrites a row
where it lay last, not the copies from before.

It runs as a process of its own because it opens the file beside SQLite: the kernel takes away all
of a process's locks on a file as soon as the process closes it anywhere. It holds the writer's lock
while the write-ahead log is empty, so that nobody can put another page over the one it looks at,
and changes the file at the end, so that every other process reads its pages anew and writes no old
gap back. Killed anywhere, it leaves only gaps that are zero and gaps that are not.
https://sqlite.org/fileformat2.html#b_tree_pages describes the pages.

    python page_gaps.py SECONDS FILE…       exit code 0, or 75 when somebody is in the way
"""

import os
import sqlite3
import struct
import sys
import time
from urllib.parse import quote

BUSY = 75
MAGIC = b"SQLite format 3\0"
HEADER_BYTES = 100
AUTO_VACUUM = 52
"""Where the header says so; such a file has pages of a kind that is not known here."""
HEADERS = {2: 12, 5: 12, 10: 8, 13: 8}
"""Type of a B-tree page to the length of its header. Every other page begins with a page number,
which begins with 0 in a file of fewer than 2^24 pages."""
PAGES_MAX = 1 << 24
CHUNK_BYTES = 4 << 20


class InTheWay(Exception):
    """Somebody else reads or writes."""


def erase(path: str, seconds: float) -> int:
    """Overwrite every gap of a file with zeros; return how many were not zero."""
    # Never closed before the process ends: see above.
    handle = os.open(path, os.O_RDWR)
    uri = f"file:{quote(os.path.abspath(path))}?mode=rw"  # noqa: PTH100 - pathlib costs 10 ms
    connection = sqlite3.connect(uri, uri=True, timeout=seconds, isolation_level=None)
    try:
        _begin_with_an_empty_log(connection, path, seconds)
        erased = _erase_pages(handle)
        # Written anew as it is: that tells every other process that its pages are old.
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version:d}")
        connection.execute("COMMIT")
        os.fsync(handle)
        return erased
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise InTheWay(path) from error
        raise
    finally:
        connection.close()


def _begin_with_an_empty_log(connection: sqlite3.Connection, path: str, seconds: float) -> None:
    """Hold the writer's lock while the write-ahead log is empty: a writer may come in between."""
    until = time.monotonic() + seconds
    while time.monotonic() <= until:
        (blocked, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if blocked:
            break  # it has waited already
        connection.execute("BEGIN IMMEDIATE")
        try:
            if os.stat(f"{path}-wal").st_size == 0:  # noqa: PTH116
                return
        except FileNotFoundError:
            return
        connection.execute("ROLLBACK")
    raise InTheWay(path)


def _erase_pages(handle: int) -> int:
    size = os.fstat(handle).st_size
    head = os.pread(handle, HEADER_BYTES, 0)
    if not head.startswith(MAGIC) or head[AUTO_VACUUM : AUTO_VACUUM + 4] != bytes(4):
        raise OSError("it is no SQLite file, or one whose pages point back (auto_vacuum)")
    page_bytes = struct.unpack_from(">H", head, 16)[0]
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    if size // page_bytes >= PAGES_MAX:
        raise OSError(f"the file has {size // page_bytes} pages, more than can be told apart")
    erased = 0
    for start in range(0, size, CHUNK_BYTES):
        chunk = os.pread(handle, CHUNK_BYTES, start)
        for at in range(0, len(chunk) - page_bytes + 1, page_bytes):
            gap = _gap(chunk, at, HEADER_BYTES if start + at == 0 else 0, page_bytes)
            if gap is not None and chunk.count(0, at + gap[0], at + gap[1]) < gap[1] - gap[0]:
                os.pwrite(handle, bytes(gap[1] - gap[0]), start + at + gap[0])
                erased += 1
    return erased


def _gap(chunk: bytes, at: int, skipped: int, page_bytes: int) -> tuple[int, int] | None:
    """Return where the gap of a page begins and ends, counted from the page's first byte."""
    header = HEADERS.get(chunk[at + skipped])
    if header is None:
        return None
    cells, content = struct.unpack_from(">HH", chunk, at + skipped + 3)
    begin, end = skipped + header + 2 * cells, content or 65_536
    return (begin, end) if begin < end <= page_bytes else None


def main(arguments: list[str]) -> int:
    """Do the files one after the other; stop at the first that is busy."""
    try:
        for path in arguments[1:]:
            erase(path, float(arguments[0]))
    except InTheWay as error:
        sys.stderr.write(str(error))
        return BUSY
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
