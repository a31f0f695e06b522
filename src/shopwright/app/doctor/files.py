"""The data folder: can it be written, is there room, is every file what it should be."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shopwright.adapters.data_files import NEWEST, format_of, sqlite_files
from shopwright.adapters.sqlite_file import FileKind
from shopwright.app.doctor.finding import Finding, fail, ok, warn
from shopwright.app.master_key import read_master_key
from shopwright.app.settings import Settings
from shopwright.core.errors import Damaged

MIB = 1 << 20


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
    there = sqlite_files(settings.home)
    wrong = [
        found
        for path, kind in there.items()
        if (found := _format(settings.home / path, kind)) is not None
    ]
    yield from wrong
    if not wrong:
        yield ok("file formats", f"{len(there)} files are of the right kind and format")


def _format(path: Path, kind: FileKind) -> Finding | None:
    try:
        version = format_of(path, kind)
    except Damaged as error:
        says, _, do = str(error).partition("; ")
        return fail("file formats", says, do)
    if version < NEWEST[kind]:
        do = "start any command that uses it; it is brought forward then"
        return warn("file formats", f"{path} has format {version} of {NEWEST[kind]}", do)
    return None
