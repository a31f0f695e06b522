"""Counters in files take their room at once, keep their values, and grow without holes."""

from pathlib import Path

import pytest

from shopwright.app import metric_files
from shopwright.app.metric_files import FilledFile


def blocks(path: Path) -> int:
    return path.stat().st_blocks * 512


def test_every_byte_of_a_new_file_is_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "counter_1.db"
    file = FilledFile(str(path))
    assert path.stat().st_size == metric_files.FILE_BYTES
    assert blocks(path) >= metric_files.FILE_BYTES
    file.close()


def test_a_file_that_is_full_grows_and_keeps_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metric_files, "FILE_BYTES", 4096)
    path = tmp_path / "counter_1.db"
    file = FilledFile(str(path))
    for number in range(300):
        file.write_value(f"series {number}", float(number), 0.0)
    assert path.stat().st_size == blocks(path) == 16_384
    file.close()
    again = FilledFile(str(path))
    told = {key: value for key, value, _ in again.read_all_values()}
    assert told == {f"series {number}": float(number) for number in range(300)}
    again.close()


def test_a_disk_that_is_full_is_an_error_and_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "counter_1.db"
    path.write_bytes(b"x" * 10)

    def full(_handle: int, _data: bytes, _place: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(metric_files.os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        metric_files.take_room(str(path), 4096)
    assert path.read_bytes() == b"x" * 10
