"""The files in which several processes count: their room on disk is taken before it is needed.

prometheus_client maps a sparse file into memory. Where the disk is full, the first count on a new
page of it cannot be stored, and the system ends the process with SIGBUS: a webhook that could have
been answered 503 would take the whole process with it.
"""

import os
from typing import Any

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

FILE_BYTES = 512 << 10
"""About 2,500 series of one kind in one process, several times what the bounded labels can make."""


class FilledFile(MmapedDict):
    """A mapped file every page of which exists. Raises OSError when the disk cannot give them."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            take_room(filename, FILE_BYTES)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        """Make a place for a series, growing the file first when it is full."""
        # The entry is its key, padded, and 20 bytes more.
        if self._used + len(key.encode()) + 32 > self._capacity:
            take_room(self._fname, 2 * self._capacity)
        super()._init_value(key)  # type: ignore[no-untyped-call]

    _used: int
    _capacity: int
    _fname: str


def take_room(filename: str, size: int) -> None:
    """Let the file be at least so long, with real pages behind every byte that is new."""
    handle = os.open(filename, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        had = os.fstat(handle).st_size
        place = had
        while place < size:
            place += os.pwrite(handle, bytes(size - place), place)
    except OSError:
        os.ftruncate(handle, had)
        raise
    finally:
        os.close(handle)


def count_in_filled_files() -> None:
    """From now on this process counts in such files, where it counts in files at all."""
    shared: Any = values
    shared.MmapedDict = FilledFile
