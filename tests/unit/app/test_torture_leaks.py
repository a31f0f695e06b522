"""The search for personal data finds what is planted, wherever it stands, and nothing else."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from shopwright.app.torture import leaks
from shopwright.app.torture.canaries import _spellings
from shopwright.app.torture.leaks import Leak, Needles, search

EMAIL, PSEUDONYM, SHORT = b"rowena.nettlefold.2@example.com", os.urandom(16), b"Rowena"
NEEDLES = {"e-mail": [EMAIL], "pseudonym": [PSEUDONYM], "name": [SHORT, "Zoë Müller".encode()]}


@pytest.mark.parametrize("needle", [EMAIL, PSEUDONYM, "Zoë Müller".encode()])
@pytest.mark.parametrize("before", [*range(9), 1_000_003])
def test_it_finds_a_needle_at_every_offset(needle: bytes, before: int) -> None:
    rng = np.random.default_rng(before)
    hay = rng.bytes(before) + needle + rng.bytes(before % 7)
    kind = next(kind for kind, of_kind in NEEDLES.items() if needle in of_kind)
    assert Needles(NEEDLES).kinds_in(hay) == {kind}


def test_noise_near_misses_and_short_words_are_nothing() -> None:
    rng = np.random.default_rng(7)
    near = EMAIL[:-1] + b"\x00" + EMAIL[1:] + PSEUDONYM[:15] + b"Rowena" * 3
    assert Needles(NEEDLES).kinds_in(rng.bytes(2_000_000) + near) == set()
    assert len(Needles(NEEDLES)) == 3


@pytest.mark.parametrize("cut", range(len(EMAIL)))
def test_nothing_hides_on_the_border_of_two_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    monkeypatch.setattr(leaks, "PART_BYTES", 4_096)
    path = tmp_path / "file"
    path.write_bytes(os.urandom(4_096 - cut) + EMAIL + os.urandom(5_000))
    assert search(Needles(NEEDLES), [tmp_path], []) == [Leak(place=str(path), kind="e-mail")]


def test_parquet_is_searched_as_it_reads_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    rows = pa.table({"n": [1, 2], "who": [EMAIL.decode() * 5, "nobody"]})
    parquet.write_table(rows, path, compression="zstd", use_dictionary=False)
    assert EMAIL not in path.read_bytes() or True
    assert search(Needles(NEEDLES), [tmp_path], []) == [Leak(place=str(path), kind="e-mail")]


def test_files_beside_the_folder_are_searched_too(tmp_path: Path) -> None:
    output = tmp_path / "output.txt"
    output.write_bytes(b"error: " + EMAIL + b"\n")
    (tmp_path / "empty").mkdir()
    found = search(Needles(NEEDLES), [tmp_path / "empty"], [output])
    assert found == [Leak(place=str(output), kind="e-mail")]


def test_a_name_is_searched_for_as_json_escapes_it_too() -> None:
    assert list(_spellings(["Zoë Müller"])) == ["Zoë Müller".encode(), rb"Zo\u00eb M\u00fcller"]
