"""The key that signs receipts: one an installation, made once, wrapped at rest."""

from pathlib import Path

import pytest

from shopwright.adapters.signing_key_sqlite import SqliteSigningKey
from shopwright.core.errors import Damaged

MASTER = bytes(range(32))


def test_it_is_made_once_and_stays(tmp_path: Path) -> None:
    first, second = (SqliteSigningKey(tmp_path / "control.db", MASTER) for _ in range(2))
    assert first.private() == second.private() == first.private()
    assert len(first.private()) == 32
    for one in (first, second):
        one.close()


def test_s08_it_lies_in_no_file_in_the_clear(tmp_path: Path) -> None:
    key = SqliteSigningKey(tmp_path / "control.db", MASTER)
    private = key.private()
    assert not [path for path in tmp_path.iterdir() if private in path.read_bytes()]
    key.close()


def test_another_master_key_does_not_open_it(tmp_path: Path) -> None:
    key = SqliteSigningKey(tmp_path / "control.db", MASTER)
    key.private()
    key.close()
    other = SqliteSigningKey(tmp_path / "control.db", bytes(32))
    with pytest.raises(Damaged, match="signing"):
        other.private()
    other.close()
