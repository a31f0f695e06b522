"""Where a second ledger is built beside the living one, and who may be at it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shopwright.adapters.locks import make_folder
from shopwright.app.lock import hold
from shopwright.app.settings import Settings
from shopwright.core.errors import Busy

WHAT = "the rebuild of the ledger"


def ledger_path(settings: Settings) -> Path:
    """Return where the living ledger lies."""
    return settings.home / "ledger" / "00.sqlite"


def rebuilt_path(settings: Settings) -> Path:
    """Return where a ledger is built again."""
    return _folder(settings) / "00.sqlite"


@contextmanager
def rebuilding(settings: Settings) -> Iterator[Path]:
    """Have an empty folder to build in, for the length of a block; nothing of it stays behind.

    Raises Busy while another process builds.
    """
    with hold(_lock(settings), WHAT):
        shutil.rmtree(_folder(settings), ignore_errors=True)
        make_folder(_folder(settings))
        try:
            yield rebuilt_path(settings)
        finally:
            shutil.rmtree(_folder(settings), ignore_errors=True)


def sweep(settings: Settings) -> bool:
    """Remove what a rebuild that died left behind; say whether there was anything.

    It holds facts about people, and an erasure does not look there.
    """
    if not _folder(settings).exists():
        return False
    try:
        with hold(_lock(settings), WHAT):
            shutil.rmtree(_folder(settings), ignore_errors=True)
            return True
    except Busy:
        return False


def _folder(settings: Settings) -> Path:
    return settings.home / "ledger" / "rebuild"


def _lock(settings: Settings) -> Path:
    return settings.home / "ledger" / "rebuild.lock"
