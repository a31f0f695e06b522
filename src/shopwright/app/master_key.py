"""The master key opens ``keys.db``: 32 bytes in base64, in a file of its own or in a variable."""

import base64
import binascii
import os
import stat
from pathlib import Path

from shopwright.app.settings import Settings
from shopwright.core.errors import BadInput, NotReady

KEY_BYTES = 32


def read_master_key(settings: Settings) -> bytes:
    """Return the key. Raises NotReady when there is none, BadInput for one that cannot be."""
    if settings.master_key is not None:
        return _decode(str(settings.master_key), "environment: SHOPWRIGHT_MASTER_KEY")
    path = settings.master_key_file
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError as error:
        raise NotReady(f"{path}: there is no master key yet; run `shopwright init`") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: the master key cannot be read: {error}") from error
    return _decode(text, str(path))


def write_master_key(path: Path, key: bytes) -> bool:
    """Write a new key file that only its owner may read; an existing one is left: then False."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return False
    try:
        os.write(handle, base64.b64encode(key) + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    return True


def is_private(path: Path) -> bool:
    """Whether nobody but its owner may read the file."""
    return not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def _decode(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise BadInput(f"{where}: the master key is not base64") from error
    if len(key) != KEY_BYTES:
        raise BadInput(f"{where}: the master key has {len(key)} bytes instead of {KEY_BYTES}")
    return key
