"""Has the gaps in the pages of SQLite files overwritten: the end of every erasure."""

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from shopwright.adapters import page_gaps
from shopwright.adapters.data_files import sqlite_files
from shopwright.adapters.sqlite_file import BUSY_SECONDS
from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import Busy, Damaged

_SLACK_US = US_PER_DAY
"""The clock of a file system may lie behind ours."""


def erase_gaps(paths: Iterable[Path]) -> None:
    """Overwrite what SQLite left in the gaps of these files; on return it is on disk.

    Whoever else has the files open need not close them; a writer waits meanwhile, about a second
    for a gigabyte. Raises Busy when somebody reads or writes for too long, Damaged for a file that
    cannot be read; calling again finishes the work.
    """
    names = [str(path) for path in paths]
    if not names:
        return
    program = [sys.executable, "-I", "-S", page_gaps.__file__]
    done = subprocess.run(  # noqa: S603 - our own program
        [*program, str(BUSY_SECONDS), *names], capture_output=True, text=True, check=False
    )
    said = done.stderr.strip().rpartition("\n")[2]
    if done.returncode == page_gaps.BUSY:
        raise Busy(
            f"{said}: the rows are deleted, but another process keeps the gaps between rows from "
            "being overwritten; run the same command again"
        )
    if done.returncode:
        raise Damaged(f"{', '.join(names)}: the gaps cannot be overwritten: {said}")


def changed_since(home: Path, since_us: int) -> Sequence[Path]:
    """Return the SQLite files of a data folder that were written at or after an instant."""
    found = []
    for name in sqlite_files(home):
        path = home / name
        try:
            written_us = path.stat().st_mtime_ns // 1_000
        except FileNotFoundError:
            continue  # retention removed it meanwhile, and all that it held
        if written_us >= since_us - _SLACK_US:
            found.append(path)
    return found
