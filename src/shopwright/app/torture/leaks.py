"""Searches every byte that was written for what must not stand there in the clear.

Thousands of needles in hundreds of megabytes: each window of eight bytes is looked up in a table of
the needles' own first eight bytes, and only what is found there is compared in full.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from pyarrow import parquet

WINDOW = 8
PART_BYTES = 8 << 20
_TABLE_BITS = 22
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)

Bytes = "np.ndarray[Any, np.dtype[np.uint64]]"


class Leak(Struct, frozen=True, kw_only=True):
    """Something that was found: where, and what kind of thing; never the thing itself."""

    place: str
    kind: str


class Needles:
    """What is searched for, by kind; shorter than eight bytes is too common to mean anything."""

    def __init__(self, by_kind: Mapping[str, Iterable[bytes]]) -> None:
        self._kinds: dict[bytes, str] = {}
        self._by_start: dict[int, list[bytes]] = {}
        for kind, needles in by_kind.items():
            for needle in needles:
                if len(needle) >= WINDOW:
                    self._kinds[needle] = kind
        for needle in self._kinds:
            start = int.from_bytes(needle[:WINDOW], "little")
            self._by_start.setdefault(start, []).append(needle)
        self.longest = max(map(len, self._kinds), default=WINDOW)
        self._starts = np.array(sorted(self._by_start), dtype=np.uint64)
        self._table = np.zeros(1 << _TABLE_BITS, dtype=bool)
        self._table[_hashes(self._starts)] = True

    def __len__(self) -> int:
        return len(self._kinds)

    def kinds_in(self, data: bytes) -> set[str]:
        """Return the kinds of the needles that the bytes contain."""
        found: set[str] = set()
        for offset in range(min(WINDOW, len(data))):
            count = (len(data) - offset) // WINDOW
            windows = np.frombuffer(data, dtype="<u8", count=count, offset=offset)
            near = np.flatnonzero(self._table[_hashes(windows)])
            for at in near[np.isin(windows[near], self._starts)].tolist():
                begin = offset + at * WINDOW
                for needle in self._by_start[int(windows[at])]:
                    if data.startswith(needle, begin):
                        found.add(self._kinds[needle])
        return found


def search(needles: Needles, folders: Sequence[Path], files: Sequence[Path]) -> list[Leak]:
    """Search every file below the folders and these files; Parquet also as it reads unpacked."""
    every = [*files]
    for folder in folders:
        every += [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found = []
    for path in every:
        kinds: set[str] = set()
        for part in _parts(path, needles.longest):
            kinds |= needles.kinds_in(part)
        found += [Leak(place=str(path), kind=kind) for kind in sorted(kinds)]
    return found


def _parts(path: Path, longest: int) -> Iterator[bytes]:
    """Yield a file in parts that overlap, so that nothing hides on a border."""
    with path.open("rb") as file:
        kept = b""
        while part := file.read(PART_BYTES):
            yield kept + part
            kept = part[-longest:]
    if path.suffix == ".parquet":
        for column in parquet.read_table(path).columns:
            for chunk in column.chunks:
                yield from (memoryview(part).tobytes() for part in chunk.buffers() if part)


def _hashes(windows: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    return (windows * _MULTIPLIER) >> np.uint64(64 - _TABLE_BITS)
