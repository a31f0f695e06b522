"""One writer per durable file: an advisory lock that the system releases when its holder dies.

The lock file holds the writer's process id for the message; it stays behind, only the lock counts.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shopwright.core.errors import Busy


class WriterLock:
    """Holds the right to write until it is closed. Raises Busy when another process has it.

    ``what`` names that which is written, for the message: ``the log partition web-0``.
    """

    def __init__(self, path: Path, what: str) -> None:
        # Closed on exec, so that a child program never keeps the lock of a dead parent.
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._handle, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._handle)
            raise Busy(
                f"{path.parent}: {what} is already being written by process {holder}; "
                "stop that process first, or let it do the work"
            ) from error
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode("ascii"), 0)

    def close(self) -> None:
        """Give the right back; closing twice is harmless."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process makes or migrates a file in this folder, then keep them out."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, for its owner only, so that it outlives a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Let the names in a folder reach the disk: a synced file is lost if its name is not."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
