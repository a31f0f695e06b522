"""Keeps a download on disk for as long as it is read: nameless, sealed, gone with the process.

The file has no name and its key is only in memory, so raw ids in it cannot be read by anybody else,
nor later.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE_BYTES = 1 << 18
_NONCE_BYTES = 12
_TAG_BYTES = 16
CACHED_PIECES = 16


class SealedSpool:
    """Bytes appended once and read at any place; ``entropy`` gives the key."""

    def __init__(self, folder: Path, entropy: Callable[[int], bytes] = os.urandom) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by close()
        self._cipher = AESGCM(entropy(32))
        self._rest = bytearray()
        self._pieces = 0
        self._cache: dict[int, bytes] = {}
        self.size = 0

    def append(self, more: bytes) -> None:
        """Add bytes at the end."""
        self._rest += more
        self.size += len(more)
        while len(self._rest) >= PIECE_BYTES:
            piece = bytes(self._rest[:PIECE_BYTES])
            del self._rest[:PIECE_BYTES]
            self._file.seek(self._pieces * (PIECE_BYTES + _TAG_BYTES))
            self._file.write(self._cipher.encrypt(_nonce(self._pieces), piece, None))
            self._pieces += 1

    def read(self, start: int, length: int) -> bytes:
        """Return bytes from a place on."""
        found = bytearray()
        end = min(start + length, self.size)
        while start < end:
            piece, offset = divmod(start, PIECE_BYTES)
            part = self._piece(piece)[offset : offset + end - start]
            found += part
            start += len(part)
        return bytes(found)

    def _piece(self, number: int) -> bytes:
        if number == self._pieces:
            return bytes(self._rest)
        found = self._cache.get(number)
        if found is None:
            self._file.seek(number * (PIECE_BYTES + _TAG_BYTES))
            sealed = self._file.read(PIECE_BYTES + _TAG_BYTES)
            found = self._cipher.decrypt(_nonce(number), sealed, None)
            while len(self._cache) >= CACHED_PIECES:
                self._cache.pop(next(iter(self._cache)))
            self._cache[number] = found
        return found

    def close(self) -> None:
        """Let go of everything."""
        self._file.close()
        self._rest.clear()
        self._cache.clear()


def _nonce(number: int) -> bytes:
    # Never twice under one key: the key is made with the spool, and a piece is written once.
    return number.to_bytes(_NONCE_BYTES)
