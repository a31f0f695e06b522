"""The master key opens the key file: 32 bytes in base64, in a file of its own.

It lies outside the data folder, so that a backup of the folder opens nothing, and only its owner
may read it.
"""

import base64
import binascii
import os
import stat
from pathlib import Path

from shopwright.adapters.locks import make_folder, sync_folder
from shopwright.core.errors import BadInput, NotReady
from shopwright.privacy.master import MASTER_KEY_BYTES


def read_master_key(path: Path, data_folder: Path) -> bytes:
    """Return the key.

    Raises NotReady when there is no file; BadInput when it lies in the data folder, when others
    than its owner may read it, or when it holds no key.
    """
    _refuse_inside(path, data_folder)
    try:
        file = path.open(encoding="ascii", errors="replace")
    except FileNotFoundError as error:
        raise NotReady(f"{path}: there is no master key yet; run `shopwright init`") from error
    with file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise BadInput(
                f"{path}: others may read the master key (mode {mode:04o}); run `chmod 600 {path}`"
            )
        return decode_master_key(file.read(), str(path))


def make_master_key(path: Path, data_folder: Path, key: bytes) -> bool:
    """Write a new key file; return False and change nothing when there is one.

    Raises BadInput when it would lie in the data folder. The file appears whole or not at all.
    """
    _refuse_inside(path, data_folder)
    make_folder(path.parent)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(key) + b"\n")
            file.flush()
            os.fsync(handle)
        path.hardlink_to(new)
    except FileExistsError:
        return False
    finally:
        new.unlink()
    sync_folder(path.parent)
    return True


def install_master_key(new: Path, path: Path) -> None:
    """Let a new key file take the place of the old one, in one step that outlives a power cut."""
    new.replace(path)
    sync_folder(path.parent)


def decode_master_key(text: str, key_from: str) -> bytes:
    """Return the key that the text holds; raises BadInput naming where the text came from."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"{key_from}: the master key is not base64") from error
    if len(key) != MASTER_KEY_BYTES:
        raise BadInput(
            f"{key_from}: the master key has {len(key)} bytes instead of {MASTER_KEY_BYTES}"
        )
    return key


def _refuse_inside(path: Path, data_folder: Path) -> None:
    if path.resolve().is_relative_to(data_folder.resolve()):
        raise BadInput(
            f"{path}: the master key must lie outside the data folder {data_folder}, or a copy of "
            "the folder would open itself; set master_key_file to another place"
        )
