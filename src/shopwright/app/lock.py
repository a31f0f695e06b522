"""One supervisor, one worker, one scheduler a data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shopwright.adapters.locks import WriterLock, make_folder


@contextmanager
def hold(path: Path, what: str) -> Iterator[None]:
    """Hold a lock for the length of a block; raise Busy naming the process that has it."""
    make_folder(path.parent)
    lock = WriterLock(path, what)
    try:
        yield
    finally:
        lock.close()


def holder(path: Path) -> int | None:
    """Return the process that holds a lock, or None when nobody does.

    It looks by taking the lock together with others for an instant.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        digits = os.pread(handle, 20, 0).strip()
        return int(digits) if digits.isdigit() else 0
    finally:
        os.close(handle)
    return None
