"""Reads everything there is: minutes for a large installation, beside running processes.

A turned bit is found where it lies: SQLite's pages by their structure, sealed bodies by their seal,
models and history by their checksums.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from shopwright.adapters.backup_copy import check_integrity, digest_of
from shopwright.adapters.data_files import sqlite_files
from shopwright.adapters.offline_manifest import read_newest
from shopwright.app.bootstrap import open_keys, open_log, open_registry, open_stores
from shopwright.app.doctor.finding import Finding, fail, ok
from shopwright.app.settings import Settings
from shopwright.core.errors import Damaged, Erased, ShopwrightError
from shopwright.core.types.log import LogRecord, Position
from shopwright.pipelines.unseal import Unsealer
from shopwright.training.tasks import TASKS

RECORDS_AT_ONCE = 1_000
NAMED_MAX = 5
"""So many places are named; the rest is counted."""

FILES, BODIES, MODELS, HISTORY = "every page", "sealed bodies", "model files", "history files"


def pages(settings: Settings) -> Iterator[Finding]:
    """Walk every page of every SQLite file."""
    files = sqlite_files(settings.home)
    for path, kind in files.items():
        try:
            check_integrity(settings.home / path, still=False)
        except Damaged as error:
            yield fail(FILES, str(error).partition(";")[0], kind.remedy)
    yield ok(FILES, f"of {len(files)} SQLite files was read")


def bodies(settings: Settings) -> Iterator[Finding]:
    """Open every body in the log; those of erased people are gone for good."""
    log = open_log(settings)
    with closing(open_keys(settings)) as keys:
        unsealer = Unsealer(keys, open_stores(settings))
        after, read, erased = Position({}), 0, 0
        damaged: list[str] = []
        while records := log.read(after, RECORDS_AT_ONCE):
            for record in records:
                read += 1
                try:
                    unsealer.open(record)
                except Erased:
                    erased += 1
                except Damaged:
                    damaged.append(f"{record.partition}:{record.offset}")
            after = _behind(after, records)
    if damaged:
        named = ", ".join(damaged[:NAMED_MAX])
        says = f"{len(damaged):,} of {read:,} cannot be opened: {named}"
        yield fail(BODIES, says, "restore the log from a backup")
    else:
        gone = f", {erased:,} more are of erased people" if erased else ""
        yield ok(BODIES, f"{read - erased:,} were opened{gone}")


def _behind(after: Position, records: Sequence[LogRecord]) -> Position:
    moved = dict(after)
    for record in records:
        moved[record.partition] = record.offset
    return Position(moved)


def models(settings: Settings) -> Iterator[Finding]:
    """Compare every file of every model with its checksum."""
    registry = open_registry(settings)
    whole = 0
    for store in open_stores(settings).all():
        for task in sorted(TASKS):
            for version in registry.versions(store.store_id, task):
                try:
                    registry.fetch(version)
                    whole += 1
                except ShopwrightError as error:
                    yield fail(MODELS, str(error), f"shopwright train --store {store.store_id}")
    yield ok(MODELS, f"{whole} models are what was published")


def history(settings: Settings) -> Iterator[Finding]:
    """Compare every Parquet file with the hash in its name."""
    folder = settings.home / "offline"
    paths = sorted(read_newest(folder).paths()) if folder.is_dir() else []
    for path in paths:
        if not _is_what_its_name_says(folder / path):
            do = "stop Shopwright, move the folder offline away, start it: it is made again"
            yield fail(HISTORY, f"{path} is missing or is not what was written", do)
    yield ok(HISTORY, f"{len(paths)} are what was written")


def _is_what_its_name_says(path: Path) -> bool:
    try:
        return digest_of(path)[:32] in path.name
    except OSError:
        return False
