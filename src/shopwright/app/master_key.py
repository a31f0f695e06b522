"""Where this installation's master key is: in a variable of the environment, else in its file."""

from shopwright.adapters import master_key as files
from shopwright.app.settings import Settings
from shopwright.privacy.master import MASTER_KEY_BYTES as KEY_BYTES

__all__ = ["KEY_BYTES", "read_master_key", "write_master_key"]


def read_master_key(settings: Settings) -> bytes:
    """Return the key. Raises NotReady when there is none, BadInput for one that cannot be used."""
    if settings.master_key is not None:
        return files.decode_master_key(
            str(settings.master_key), "environment: SHOPWRIGHT_MASTER_KEY"
        )
    return files.read_master_key(settings.master_key_file, settings.home)


def write_master_key(settings: Settings, key: bytes) -> bool:
    """Write a new key file that only its owner may read; an existing one is left: then False."""
    return files.make_master_key(settings.master_key_file, settings.home, key)
