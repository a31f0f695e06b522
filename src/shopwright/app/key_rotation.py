"""Puts a new master key in the place of the old one, so that a kill at any instant can be mended.

The new key lies beside the old one, under another name, before anything is wrapped with it. Each
file changes whole. The new key takes the old one's name at the very end. Until then nothing starts,
and the same command goes on where it was cut off: each file says which key opens it.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from shopwright.adapters import master_key as files
from shopwright.adapters.locks import WriterLock
from shopwright.adapters.rewrapping import Rewrapping
from shopwright.app.lock import hold
from shopwright.app.master_key import KEY_BYTES, key_in_use, next_key_file
from shopwright.app.settings import Settings
from shopwright.core.errors import BadInput


class Rewrapped(Struct, frozen=True, kw_only=True):
    """How far the wrapping has come."""

    step: str
    done: int
    total: int | None


class Rotated(Struct, frozen=True, kw_only=True):
    """What a rotation did."""

    secrets: int
    """Keys, ids and secrets that were wrapped anew by this run."""
    key_file: str
    """Where the new master key lies."""
    old_key_file: str | None
    """Where the old one was kept, for backups that were made with it."""


Watch = Callable[[Rewrapped], None]


def rotate(settings: Settings, new_key_file: Path | None, watch: Watch) -> Rotated:
    """Wrap everything under a new master key, or finish what an earlier run began.

    ``new_key_file`` holds the new key; without it one is made. Raises Busy while a process of this
    data folder runs, BadInput for a key that cannot be used, Damaged when a file opens with neither
    key; in each case the command can be run again.
    """
    with _everything_stopped(settings):
        for left in settings.master_key_file.parent.glob(f"{settings.master_key_file.name}*.new"):
            left.unlink()  # half of a key file, from a run that was killed
        old = key_in_use(settings)
        following = next_key_file(settings)
        new = _new_key(settings, new_key_file, old)
        kept = _keep(settings, old) if settings.master_key is None else None
        rewrapping = Rewrapping(old, new)
        done = rewrapping.keys(settings.home / "keys.db", _told(watch, "keys"))
        done += rewrapping.control(settings.home / "control.db", _told(watch, "secrets"))
        if settings.master_key is None:
            files.install_master_key(following, settings.master_key_file)
            following = settings.master_key_file
        return Rotated(
            secrets=done,
            key_file=str(following),
            old_key_file=None if kept is None else str(kept),
        )


@contextmanager
def _everything_stopped(settings: Settings) -> Iterator[None]:
    """Hold what every process that writes would need. Raises Busy naming the one that runs."""
    with ExitStack() as held:
        held.enter_context(hold(settings.run_folder / "up.lock", "this data folder"))
        held.enter_context(hold(settings.run_folder / "scheduler.lock", "the schedule"))
        if (settings.home / "ledger").is_dir():
            held.enter_context(hold(settings.home / "ledger" / "00.lock", "the ledger"))
        for path in sorted(settings.home.glob("log/*/writer.lock")):
            lock = WriterLock(path, f"the log partition {path.parent.name}")
            held.callback(lock.close)
        yield


def _new_key(settings: Settings, given: Path | None, old: bytes) -> bytes:
    """Return the new key, which lies beside the old one from now on."""
    following = next_key_file(settings)
    wanted = None if given is None else files.read_master_key(given, settings.home)
    if following.exists():
        new = files.read_master_key(following, settings.home)
        if wanted not in (None, new):
            raise BadInput(
                f"{following}: a rotation to another key was begun; finish it first with "
                "`shopwright master-key rotate`, without --new-key-file"
            )
    else:
        new = wanted or secrets.token_bytes(KEY_BYTES)
        if new != old:
            files.make_master_key(following, settings.home, new)
    if new == old:
        raise BadInput(
            "the new master key is the one that is in use; give another one"
            if settings.master_key is None
            else f"this is done: the key of SHOPWRIGHT_MASTER_KEY is in use; delete {following}"
        )
    return new


def _keep(settings: Settings, old: bytes) -> Path:
    """Keep the old key under a name of its own: backups that were made with it need it."""
    name = f"{settings.master_key_file.name}.old-{sha256(old).hexdigest()[:8]}"
    path = settings.master_key_file.with_name(name)
    files.make_master_key(path, settings.home, old)
    return path


def _told(watch: Watch, step: str) -> Callable[[int, int], None]:
    return lambda done, total: watch(Rewrapped(step=step, done=done, total=total))
