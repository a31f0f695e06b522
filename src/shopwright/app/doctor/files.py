"""The data folder: can it be written, is there room, is every file what it should be."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from shopwright.adapters import control_schema, keys_schema, ledger_schema, log_consumers
from shopwright.adapters import log_segments as segments
from shopwright.adapters.sqlite_file import (
    CONTROL,
    KEYS,
    LEDGER,
    LOG_CONSUMERS,
    LOG_SEGMENT,
    FileKind,
)
from shopwright.app.doctor.finding import Finding, fail, ok, warn
from shopwright.app.master_key import read_master_key
from shopwright.app.settings import Settings

MIB = 1 << 20
NEWEST = {
    LOG_SEGMENT: len(segments.MIGRATIONS),
    LOG_CONSUMERS: len(log_consumers.MIGRATIONS),
    LEDGER: len(ledger_schema.MIGRATIONS),
    KEYS: len(keys_schema.MIGRATIONS),
    CONTROL: len(control_schema.MIGRATIONS),
}


def folder(settings: Settings) -> Iterator[Finding]:
    """Look whether the data folder can be written, and how much room there is."""
    home = settings.home.absolute()
    with tempfile.TemporaryFile(dir=home):
        yield ok("data folder", f"{home} can be written")
    free = shutil.disk_usage(home).free // MIB
    least = settings.free_disk_mb_min
    says = f"{free:,} MiB are free under {home}"
    do = f"make room; webhooks are refused when it is full (free_disk_mb_min is {least:,})"
    if free < least:
        yield fail("free disk", says, do)
    elif free < 2 * least:
        yield warn("free disk", says, do)
    else:
        yield ok("free disk", says)


def master_key(settings: Settings) -> Iterator[Finding]:
    """Look whether the master key is there, private, and not among what it protects."""
    read_master_key(settings)
    if settings.master_key is not None:
        yield ok("master key", "comes from the environment")
    else:
        path = settings.master_key_file
        yield ok("master key", f"{path} is private; keep a copy of it in another place")


def formats(settings: Settings) -> Iterator[Finding]:
    """Look at the kind and format of every SQLite file; nothing is opened for writing."""
    home = settings.home
    files = {home / "keys.db": KEYS, home / "control.db": CONTROL}
    files |= dict.fromkeys((home / "ledger").glob("*.sqlite"), LEDGER)
    for path in (home / "log").rglob("*.sqlite"):
        files[path] = LOG_CONSUMERS if path.name == "consumers.sqlite" else LOG_SEGMENT
    there = {path: kind for path, kind in files.items() if path.exists()}
    wrong = [found for path, kind in there.items() if (found := _format(path, kind)) is not None]
    yield from wrong
    if not wrong:
        yield ok("file formats", f"{len(there)} files are of the right kind and format")


def _format(path: Path, kind: FileKind) -> Finding | None:
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        return fail("file formats", f"{path}: {error}", "restore it from a backup")
    if application != kind.application_id:
        return fail("file formats", f"{path} is no {kind.name}", "restore it from a backup")
    if version > NEWEST[kind]:
        do = "upgrade Shopwright"
        return fail("file formats", f"{path} has format {version}, which is newer than this", do)
    if version < NEWEST[kind]:
        do = "start any command that uses it; it is brought forward then"
        return warn("file formats", f"{path} has format {version} of {NEWEST[kind]}", do)
    return None
