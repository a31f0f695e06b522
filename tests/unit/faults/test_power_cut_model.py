"""The model of a disk without power: what a sync covers stays, and all else may go."""

from pathlib import Path

import numpy as np
import pytest
from power_cut import Recording, rebuild, survivors
from syscalls import read_trace

HOME = Path("/data")
CASES = 200


def hexed(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def fd(number: int, path: str) -> str:
    return f"{number}<{hexed(path)}>"


def recording(tmp_path: Path, *lines: str) -> Recording:
    """Return the recording of a trace with these calls of one process."""
    tmp_path.mkdir(exist_ok=True)
    trace = tmp_path / "trace"
    trace.write_text("".join(f"7 {line}\n" for line in lines), encoding="ascii")
    return Recording(HOME, Path("/told")).take(read_trace(trace))


def opened(name: str, number: int = 3, flags: str = "O_RDWR|O_CREAT") -> str:
    path = f"/data/{name}"
    return f'openat(AT_FDCWD<{hexed("/")}>, "{hexed(path)}", {flags}, 0600) = {fd(number, path)}'


def wrote(name: str, text: str, offset: int, result: str | None = None) -> str:
    told = len(text) if result is None else result
    at = fd(3, f"/data/{name}")
    return f'pwrite64({at}, "{hexed(text)}", {len(text)}, {offset}) = {told}'


def synced(name: str, result: str = "0") -> str:
    return f"fdatasync({fd(3, f'/data/{name}')}) = {result}"


def folder_synced() -> str:
    return f"fsync({fd(4, '/data')}) = 0"


def outcomes(tmp_path: Path, *lines: str, name: str = "a") -> set[bytes | None]:
    """Return every content that the file can have after a cut at the very end; None: no file."""
    found: set[bytes | None] = set()
    made = recording(tmp_path, *lines)
    for case in range(CASES):
        chance = np.random.default_rng(case)
        left = survivors(made, made.covered_at(), len(made.changes), chance)
        home = tmp_path / f"home-{case}"
        rebuild(left, made.folders, home)
        found.add((home / name).read_bytes() if (home / name).exists() else None)
    return found


def test_what_was_synced_with_its_folder_is_there(tmp_path: Path) -> None:
    lines = [opened("a"), wrote("a", "abc", 0), synced("a"), folder_synced()]
    assert outcomes(tmp_path, *lines) == {b"abc"}


def test_a_name_without_a_synced_folder_may_be_lost(tmp_path: Path) -> None:
    assert outcomes(tmp_path, opened("a"), wrote("a", "abc", 0), synced("a")) == {b"abc", None}


def test_a_write_without_a_sync_is_lost_torn_or_whole(tmp_path: Path) -> None:
    lines = [opened("a"), folder_synced(), wrote("a", "abc", 0)]
    assert outcomes(tmp_path, *lines) == {b"", b"a", b"ab", b"abc"}


def test_a_later_write_may_arrive_without_an_earlier_one(tmp_path: Path) -> None:
    lines = [opened("a"), folder_synced(), wrote("a", "x", 0), wrote("a", "y", 2)]
    assert b"\0\0y" in outcomes(tmp_path, *lines)


def test_what_a_failed_sync_covered_is_not_believed_after_a_good_one(tmp_path: Path) -> None:
    failed = synced("a", "-1 EIO (Input/output error) (INJECTED)")
    start = [opened("a"), folder_synced(), wrote("a", "abc", 0), failed]
    assert b"" in outcomes(tmp_path, *start, synced("a"))


def test_bytes_written_anew_after_a_failed_sync_are_certain(tmp_path: Path) -> None:
    failed = synced("a", "-1 EIO (Input/output error) (INJECTED)")
    start = [opened("a"), folder_synced(), wrote("a", "abc", 0), failed]
    assert outcomes(tmp_path, *start, wrote("a", "abc", 0), synced("a")) == {b"abc"}


def test_a_refused_write_writes_nothing(tmp_path: Path) -> None:
    refused = wrote("a", "abc", 0, "-1 ENOSPC (No space left on device) (INJECTED)")
    assert outcomes(tmp_path, opened("a"), folder_synced(), refused, synced("a")) == {b""}


def test_a_rename_is_one_step(tmp_path: Path) -> None:
    lines = [opened("b"), wrote("b", "new", 0), synced("b"), folder_synced()]
    lines.append(f'rename("{hexed("/data/b")}", "{hexed("/data/a")}") = 0')
    assert outcomes(tmp_path, *lines) == {None, b"new"}
    assert outcomes(tmp_path / "again", *lines, folder_synced()) == {b"new"}


def test_a_file_opened_for_synchronous_writing_needs_no_sync(tmp_path: Path) -> None:
    start = [opened("a", flags="O_RDWR|O_CREAT|O_DSYNC"), folder_synced()]
    assert outcomes(tmp_path, *start, wrote("a", "abc", 0)) == {b"abc"}


def test_a_call_that_is_not_modelled_is_no_silence(tmp_path: Path) -> None:
    copied = f"copy_file_range({fd(3, '/data/a')}, NULL, {fd(4, '/data/b')}, NULL, 9, 0) = 9"
    with pytest.raises(AssertionError, match="copy_file_range is not modelled"):
        recording(tmp_path, opened("a"), copied)


def test_a_call_told_in_two_lines_begins_and_ends_where_it_did(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    lines = [
        f"7 fdatasync({fd(3, '/data/a')} <unfinished ...>",
        f'8 write({fd(5, "socket:[1]")}, "{hexed("hi")}", 2) = 2',
        "7 <... fdatasync resumed>) = 0",
    ]
    trace.write_text("\n".join(lines) + "\n", encoding="ascii")
    write, sync = read_trace(trace)
    assert (write.name, write.begun, write.ended, write.data) == ("write", 1, 1, b"hi")
    assert (sync.name, sync.begun, sync.ended, sync.path) == ("fdatasync", 0, 2, "/data/a")
