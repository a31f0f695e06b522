"""Where this installation's master key is: in a variable of the environment, else in its file."""

from pathlib import Path

from shopwright.adapters import master_key as files
from shopwright.app.settings import Settings
from shopwright.core.errors import NotReady
from shopwright.privacy.master import MASTER_KEY_BYTES as KEY_BYTES

__all__ = ["KEY_BYTES", "key_in_use", "next_key_file", "read_master_key", "write_master_key"]


def read_master_key(settings: Settings) -> bytes:
    """Return the key. Raises NotReady when there is none, BadInput for one that cannot be used.

    Also raises NotReady between the beginning and the end of its rotation: some of what is wrapped
    opens with the old key then, and some with the new one.
    """
    key = key_in_use(settings)
    following = next_key_file(settings)
    if following.exists() and files.read_master_key(following, settings.home) != key:
        raise NotReady(
            f"{following}: a rotation of the master key was begun and is not finished; "
            "run `shopwright master-key rotate` to finish it"
        )
    return key


def key_in_use(settings: Settings) -> bytes:
    """Return the key that the settings name. Raises NotReady, BadInput."""
    if settings.master_key is not None:
        return files.decode_master_key(
            str(settings.master_key), "environment: SHOPWRIGHT_MASTER_KEY"
        )
    return files.read_master_key(settings.master_key_file, settings.home)


def next_key_file(settings: Settings) -> Path:
    """Return where the new key lies while the master key is being rotated."""
    return settings.master_key_file.with_name(f"{settings.master_key_file.name}.next")


def write_master_key(settings: Settings, key: bytes) -> bool:
    """Write a new key file that only its owner may read; an existing one is left: then False."""
    return files.make_master_key(settings.master_key_file, settings.home, key)
