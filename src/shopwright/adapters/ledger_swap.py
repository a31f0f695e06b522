"""Puts one ledger in the place of another, so that a death at any instant leaves one of them whole.

The content is copied into the living file in one transaction by SQLite's own backup. So there is
nothing to rename under the feet of a reader: whoever has the file open sees the old ledger until
the commit, and the new one after it. Only a file that cannot be opened as a ledger any more is
replaced as a file.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from shopwright.adapters.ledger_schema import REVISION, open_ledger
from shopwright.adapters.locks import make_folder, sync_folder
from shopwright.adapters.sqlite_database import explained
from shopwright.adapters.sqlite_file import BUSY_SECONDS
from shopwright.core.errors import Damaged, TooNew
from shopwright.core.types.revision import GENERATION_BITS, generation

_REVISED = (
    "documents",
    "order_versions",
    "product_versions",
    "records",
    "changed_months",
    "dead_letters",
)
"""The tables whose rows say in which revision they changed."""


def lift_revisions(path: Path, begin: int) -> None:
    """Let a ledger file that nobody else writes count on in the generation that begins there.

    Its rows keep their order. Does nothing to a ledger that is there already.
    """
    file = open_ledger(path, query_only=False)
    try:
        with file.transaction() as connection:
            (now,) = connection.execute(REVISION).fetchone()
            step = begin - (generation(now) << GENERATION_BITS)
            if step > 0:
                for table in _REVISED:
                    connection.execute(f"UPDATE {table} SET revision = revision + {step:d}")
                connection.execute(
                    f"UPDATE meta SET value = value + {step:d} WHERE name = 'revision'"
                )
    finally:
        file.close()


def swap_in(live: Path, rebuilt: Path) -> None:
    """Let the living ledger become what the rebuilt one is; the caller has the right to write it.

    Nobody may be writing the rebuilt one; it stays where it is when its content was copied. Costs
    the time to write the rebuilt file twice. Raises OSError when the disk is full: then the old
    ledger stands.
    """
    # Brings a write-ahead log home and makes sure that it is a ledger.
    open_ledger(rebuilt, query_only=False).close()
    if live.exists():
        try:
            _copy_into(live, rebuilt)
        except TooNew:
            raise
        except Damaged:
            pass
        else:
            return
    _replace(live, rebuilt)


def _copy_into(live: Path, rebuilt: Path) -> None:
    open_ledger(live, query_only=True).close()
    with (
        explained(rebuilt),
        closing(_connect(rebuilt)) as source,
        explained(live),
        closing(_connect(live)) as target,
    ):
        target.execute("PRAGMA synchronous = FULL")
        # One step: it begins the transaction, writes every page, and commits.
        source.backup(target, pages=-1)
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _replace(live: Path, rebuilt: Path) -> None:
    """Take the place of a file that is no ledger any more, or is not there.

    Its write-ahead log goes first: SQLite would replay it into the new file.
    """
    make_folder(live.parent)
    for suffix in ("-wal", "-shm"):
        live.with_name(live.name + suffix).unlink(missing_ok=True)
    sync_folder(live.parent)
    handle = os.open(rebuilt, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    rebuilt.replace(live)
    sync_folder(live.parent)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
