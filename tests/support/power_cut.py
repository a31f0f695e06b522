"""The disk as it may be after a power cut, rebuilt from a trace of every change.

The method is that of ALICE (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014):
what a program wrote is certain only up to the sync that covers it; of the rest any part may have
arrived. A file's content is covered by a sync of the file, its name by a sync of its folder, and a
write may be torn at any byte. After a sync that failed, nothing of what it should have covered is
believed ever again, even if a later sync succeeds (Rebello et al., "Can Applications Recover from
fsync Failures?", USENIX ATC 2020); only writing the same bytes anew makes them certain.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from syscalls import Call

ROOT = 0
NEVER = 1 << 60
NOT_DURABLE = ("-shm", "lock.mdb", ".lock")
"""Shared memory and locks of living processes: a power cut ends them."""


class Change(NamedTuple):
    """One thing that happened; which fields count depends on ``kind``."""

    kind: str
    """``write``, ``cut`` (ftruncate), ``names``, ``sync``, ``failed``, ``told``."""
    inode: int
    """The file, or the folder for ``names``."""
    offset: int = 0
    data: bytes = b""
    names: tuple[tuple[str, int | None], ...] = ()
    """What each name of the folder means from now on; None: nothing."""


class Recording:
    """What a traced process did below ``home``, in order, and what it told outside."""

    def __init__(self, home: Path, told: Path) -> None:
        self._home = str(home)
        self._told = str(told)
        self.changes: list[Change] = []
        self.folders: set[int] = {ROOT}
        self._names: dict[int, dict[str, int]] = {ROOT: {}}
        self._places: dict[int, int] = {}
        self._appending: set[int] = set()
        self._synchronous: set[int] = set()
        self._sizes: dict[int, int] = {}
        self._next = ROOT + 1

    def take(self, calls: Iterable[Call]) -> "Recording":
        """Add the calls of a trace; raise AssertionError for one that this model does not know."""
        for call in calls:
            handler = getattr(self, f"_on_{call.name}", None)
            paths = [call.path, *(text.decode("latin-1") for text in call.texts[:2])]
            if any(path.startswith(self._home) for path in paths):
                assert handler is not None, f"{call.name} is not modelled"
                handler(call)
            elif call.name == "write" and call.path == self._told:
                self.changes.append(Change("told", ROOT, data=call.data))
        return self

    def _find(self, path: str) -> tuple[int, str, int | None]:
        """Return folder, name and inode (None: no such name) of a path below home."""
        parts = [part for part in path[len(self._home) :].split("/") if part]
        if not parts:
            return ROOT, "", ROOT
        folder = ROOT
        for part in parts[:-1]:
            folder = self._names[folder][part]
        return folder, parts[-1], self._names[folder].get(parts[-1])

    def _name(self, folder: int, *names: tuple[str, int | None]) -> None:
        for name, inode in names:
            if inode is None:
                self._names[folder].pop(name, None)
            else:
                self._names[folder][name] = inode
        self.changes.append(Change("names", folder, names=names))

    def _make(self, path: str, *, folder: bool) -> int:
        parent, name, _ = self._find(path)
        inode, self._next = self._next, self._next + 1
        if folder:
            self.folders.add(inode)
            self._names[inode] = {}
        self._sizes[inode] = 0
        self._name(parent, (name, inode))
        return inode

    def _on_mkdir(self, call: Call) -> None:
        if not call.error and call.texts[0].decode() != self._home:
            self._make(call.texts[0].decode(), folder=True)

    def _on_openat(self, call: Call) -> None:
        if call.error:
            return
        path = call.texts[0].decode()
        _, _, inode = self._find(path)
        if inode is None:
            assert "O_CREAT" in call.arguments, path
            inode = self._make(path, folder=False)
        elif "O_TRUNC" in call.arguments:
            self._cut(inode, 0)
        self._places[call.result] = 0
        for kept, wanted in ((self._appending, "O_APPEND"), (self._synchronous, "SYNC")):
            (kept.add if wanted in call.arguments else kept.discard)(call.result)

    def _on_lseek(self, call: Call) -> None:
        if not call.error:
            self._places[call.handle] = call.result

    def _on_mmap(self, call: Call) -> None:
        if "MAP_SHARED" in call.arguments and "PROT_WRITE" in call.arguments:
            assert call.path.endswith(NOT_DURABLE), f"{call.path} is written by mmap"

    def _on_write(self, call: Call) -> None:
        inode = self._inode(call)
        place = self._places.get(call.handle, 0)
        if call.handle in self._appending and inode is not None:
            place = self._sizes[inode]
        self._places[call.handle] = place + max(0, call.result)
        self._write(call, inode, place)

    _on_writev = _on_write

    def _on_pwrite64(self, call: Call) -> None:
        self._write(call, self._inode(call), call.last_number)

    _on_pwritev = _on_pwrite64

    def _inode(self, call: Call) -> int | None:
        return self._find(call.path)[2] if call.path else None

    def _write(self, call: Call, inode: int | None, offset: int) -> None:
        if inode is None or call.error or not call.data:
            return
        self.changes.append(Change("write", inode, offset, call.data))
        self._sizes[inode] = max(self._sizes[inode], offset + len(call.data))
        if call.handle in self._synchronous:
            self.changes.append(Change("sync", inode))

    def _on_ftruncate(self, call: Call) -> None:
        inode = self._inode(call)
        if inode is not None and not call.error:
            self._cut(inode, call.last_number)

    def _cut(self, inode: int, length: int) -> None:
        self._sizes[inode] = length
        self.changes.append(Change("cut", inode, length))

    def _on_fsync(self, call: Call) -> None:
        inode = self._inode(call)
        if inode is not None:
            self.changes.append(Change("failed" if call.error else "sync", inode))

    _on_fdatasync = _on_fsync

    def _on_rename(self, call: Call) -> None:
        if call.error:
            return
        old, new = (text.decode() for text in call.texts)
        folder, name, inode = self._find(old)
        other, new_name, _ = self._find(new)
        assert inode is not None
        if folder == other:
            self._name(folder, (name, None), (new_name, inode))
        else:
            self._name(other, (new_name, inode))
            self._name(folder, (name, None))

    def _on_unlink(self, call: Call) -> None:
        if not call.error:
            folder, name, _ = self._find(call.texts[-1].decode())
            self._name(folder, (name, None))

    def covered_at(self) -> list[int]:
        """Return, for each change, the index of the sync that made it certain; NEVER for none."""
        certain = [NEVER] * len(self.changes)
        waiting: dict[int, list[int]] = {}
        for index, change in enumerate(self.changes):
            if change.kind == "failed":
                waiting.pop(change.inode, None)
            elif change.kind == "sync":
                for earlier in waiting.pop(change.inode, ()):
                    certain[earlier] = index
            elif change.kind != "told":
                waiting.setdefault(change.inode, []).append(index)
        return certain


def survivors(
    recording: Recording, certain: Sequence[int], cut: int, chance: np.random.Generator
) -> list[Change]:
    """Return what is on disk after a power cut behind the first ``cut`` changes, in order.

    What no sync covered survives in one of four ways: not at all, up to some instant, all of it, or
    any part of it; and the last write that survives in an uncovered state may be torn.
    """
    changes = recording.changes[:cut]
    uncertain = [
        index
        for index, change in enumerate(changes)
        if certain[index] >= cut and change.kind in ("write", "cut", "names")
    ]
    kept = _some(uncertain, chance)
    torn = max((i for i in kept if changes[i].kind == "write"), default=-1)
    if torn >= 0 and chance.random() < 0.7:
        data = changes[torn].data
        changes[torn] = changes[torn]._replace(data=data[: int(chance.integers(len(data) + 1))])
    lost = set(uncertain) - kept
    return [change for index, change in enumerate(changes) if index not in lost]


def _some(uncertain: Sequence[int], chance: np.random.Generator) -> set[int]:
    way = chance.integers(4)
    if way == 0:
        return set()
    if way == 1:
        return set(uncertain[: int(chance.integers(len(uncertain) + 1))])
    if way == 2:
        return set(uncertain)
    return {index for index in uncertain if chance.random() < 0.5}


def rebuild(changes: Iterable[Change], folders: set[int], home: Path) -> None:
    """Write the surviving folders and files below ``home``, which must not be there."""
    names: dict[int, dict[str, int]] = {}
    files: dict[int, bytearray] = {}
    for change in changes:
        if change.kind == "names":
            for name, inode in change.names:
                names.setdefault(change.inode, {}).pop(name, None)
                if inode is not None:
                    names[change.inode][name] = inode
        elif change.kind == "write":
            _put(files.setdefault(change.inode, bytearray()), change.offset, change.data)
        elif change.kind == "cut":
            file = files.setdefault(change.inode, bytearray())
            del file[change.offset :]
            file.extend(bytes(change.offset - len(file)))
    _lay_out(ROOT, home, names, files, folders)


def _put(file: bytearray, offset: int, data: bytes) -> None:
    if not data:
        return
    file.extend(bytes(max(0, offset - len(file))))
    file[offset : offset + len(data)] = data


def _lay_out(
    inode: int,
    path: Path,
    names: dict[int, dict[str, int]],
    files: dict[int, bytearray],
    folders: set[int],
) -> None:
    if inode in folders:
        path.mkdir(mode=0o700)
        for name, inside in names.get(inode, {}).items():
            _lay_out(inside, path / name, names, files, folders)
    elif not path.name.endswith(NOT_DURABLE):
        path.write_bytes(files.get(inode, b""))
        path.chmod(0o600)
