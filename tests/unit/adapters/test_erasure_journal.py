"""The erasure journal: appended durably, torn by a crash at any byte, made again from the table."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from shopwright.adapters.erasure_journal import NOWHERE, Erasure, ErasureJournal, Mark
from shopwright.core.errors import BadInput, Damaged, TooNew
from shopwright.core.types.identity import StoreId

STORE = StoreId("a.myshopify.com")
ONE, TWO, THREE = (Erasure(store_id=STORE, tombstone=digit * 64) for digit in "123")


@pytest.fixture
def journal(tmp_path: Path) -> ErasureJournal:
    return ErasureJournal(tmp_path / "home.erasures", tmp_path / "home")


def nothing() -> tuple[Erasure, ...]:
    return ()


def test_what_was_appended_is_read_in_its_order(journal: ErasureJournal) -> None:
    assert not journal.exists()
    journal.append([ONE], nothing)
    journal.append([TWO, Erasure(store_id=STORE, store_key="ab")], nothing)
    found, mark = journal.read(NOWHERE)
    assert list(found) == [ONE, TWO, Erasure(store_id=STORE, store_key="ab")]
    journal.append([THREE], nothing)
    assert list(journal.read(mark)[0]) == [THREE]
    assert journal.path.read_bytes().startswith(b'{"format":1,')


def test_only_its_owner_may_read_it_and_it_lies_outside_the_data_folder(tmp_path: Path) -> None:
    journal = ErasureJournal(tmp_path / "home.erasures", tmp_path / "home")
    journal.append([ONE], nothing)
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    with pytest.raises(BadInput, match="outside the data folder"):
        ErasureJournal(tmp_path / "home" / "erasures", tmp_path / "home")


def test_it_is_synced_before_append_returns(
    journal: ErasureJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append([ONE], nothing)
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(journal.path.read_bytes()))
    journal.append([TWO], nothing)
    assert synced[-1].count(b"\n") == 3


def test_a_journal_cut_at_any_byte_holds_every_whole_line(journal: ErasureJournal) -> None:
    journal.append([ONE, TWO], nothing)
    whole = journal.path.read_bytes()
    head = whole.index(b"\n") + 1
    for length in range(head, len(whole)):
        journal.path.write_bytes(whole[:length])
        kept = [ONE, TWO][: whole[:length].count(b"\n") - 1]
        assert list(journal.read(NOWHERE)[0]) == kept
        journal.append([THREE], nothing)
        assert list(journal.read(NOWHERE)[0]) == [*kept, THREE]


def test_a_missing_one_is_made_of_what_is_known_before_anything_is_added(
    journal: ErasureJournal,
) -> None:
    journal.append([THREE], lambda: (ONE, TWO))
    found, mark = journal.read(NOWHERE)
    assert list(found) == [ONE, TWO, THREE]
    journal.path.unlink()
    journal.append([], lambda: (THREE, TWO, ONE))
    assert list(journal.read(mark)[0]) == [THREE, TWO, ONE]  # a mark of another journal


def test_one_that_is_there_is_never_made_anew(journal: ErasureJournal, tmp_path: Path) -> None:
    journal.append([ONE], nothing)
    journal.make(lambda: (TWO,))
    assert list(journal.read(NOWHERE)[0]) == [ONE]
    assert [path.name for path in tmp_path.iterdir()] == ["home.erasures"]


def test_a_mark_beyond_its_end_reads_all_of_it(journal: ErasureJournal) -> None:
    journal.append([ONE], nothing)
    _, mark = journal.read(NOWHERE)
    assert list(journal.read(Mark(mark.journal, mark.bytes + 1))[0]) == [ONE]


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", Damaged, "first line"),
        (b"torn head", Damaged, "first line"),
        (b"not json\n", Damaged, "made again from keys.db"),
        (b'{"format":2,"journal":"00"}\n', TooNew, "format 2"),
        (b'{"format":1,"journal":"00"}\nnot json\n{"tombstone":"11"}\n', Damaged, "journal away"),
    ],
)
def test_a_damaged_one_says_what_to_do(
    journal: ErasureJournal, content: bytes, error: type[Damaged], says: str
) -> None:
    journal.path.write_bytes(content)
    with pytest.raises(error, match=says):
        journal.read(NOWHERE)


WRITER = """
import sys
from pathlib import Path
from shopwright.adapters.erasure_journal import Erasure, ErasureJournal
journal = ErasureJournal(Path(sys.argv[1]), Path(sys.argv[1] + ".folder"))
for number in range(60):
    journal.append([Erasure(tombstone=f"{int(sys.argv[2]) * 1000 + number:064d}")], tuple)
"""


def test_processes_that_append_at_once_lose_nothing(journal: ErasureJournal) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(journal.path), str(number)])
        for number in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    found = [int(one.tombstone) for one in journal.read(NOWHERE)[0]]
    assert sorted(found) == [writer * 1000 + n for writer in range(3) for n in range(60)]
