"""A lived-in data folder, a backup of it, and an empty place to put it back into."""

import os
from pathlib import Path

import pytest
from lived_home import LivedHome
from msgspec.structs import replace

from shopwright.adapters import backup_copy
from shopwright.app.backup.restore import Restored, restore
from shopwright.app.backup.stage import nobody
from shopwright.app.backup.take import Taken, back_up
from shopwright.app.backup.verify import Verified, verify
from shopwright.app.settings import Settings
from shopwright.core.clock import SystemClock

MASTER_KEY = bytes(range(32))


class Backup:
    """A home with a backup of it, and an empty place to restore into."""

    def __init__(self, folder: Path, lived: LivedHome) -> None:
        self.lived = lived.copied_to(folder)
        self.settings = self.lived.settings
        self.to, self.keys = folder / "backup", folder / "keys"
        self.elsewhere: Settings = replace(
            self.settings,
            home=folder / "elsewhere",
            master_key_file=self.settings.master_key_file,
            erasure_journal=folder / "elsewhere.erasures",
        )

    def take(self, keys: bool = True) -> Taken:
        return back_up(self.settings, self.to, self.keys if keys else None, SystemClock())

    def verify(self) -> Verified:
        return verify(self.to, self.keys, MASTER_KEY, nobody)

    def restore(self) -> Restored:
        return restore(self.elsewhere, self.to, self.keys, SystemClock(), "operator ann", nobody)

    def restored(self) -> LivedHome:
        """Return the restored home as one that can work."""
        home = object.__new__(LivedHome)
        home.__dict__ |= self.lived.__dict__ | {"settings": self.elsewhere}
        return home

    def nothing_was_restored(self) -> bool:
        return not self.elsewhere.home.exists()


def die_at_sync(patch: pytest.MonkeyPatch, number: int) -> None:
    """Die instead of the n-th sync of a file, as Ctrl-C would."""
    left = number
    real = os.fsync

    def fsync(handle: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        real(handle)

    patch.setattr(backup_copy.os, "fsync", fsync)
