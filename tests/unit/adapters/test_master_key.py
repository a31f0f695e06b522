import base64
import stat
from pathlib import Path

import pytest

from shopwright.adapters.master_key import decode_master_key, make_master_key, read_master_key
from shopwright.core.errors import BadInput, NotReady

KEY = bytes(range(32))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "shop"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "shop.key"


def test_a_made_key_is_read_again_and_is_for_its_owner_only(path: Path, home: Path) -> None:
    assert make_master_key(path, home, KEY) is True
    assert read_master_key(path, home) == KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert base64.b64decode(path.read_bytes()) == KEY
    assert list(path.parent.iterdir()) == [path]


def test_an_existing_key_is_never_replaced(path: Path, home: Path) -> None:
    make_master_key(path, home, KEY)
    assert make_master_key(path, home, bytes(32)) is False
    assert read_master_key(path, home) == KEY
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_key_says_what_to_do(path: Path, home: Path) -> None:
    with pytest.raises(NotReady, match="shopwright init"):
        read_master_key(path, home)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_key_that_others_may_touch_is_refused(path: Path, home: Path, mode: int) -> None:
    make_master_key(path, home, KEY)
    path.chmod(mode)
    with pytest.raises(BadInput, match=f"mode {mode:04o}.*chmod 600"):
        read_master_key(path, home)


def test_a_key_inside_the_data_folder_is_refused(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (tmp_path / "link").symlink_to(home)
    for path in (home / "k", home / "deep" / "k", tmp_path / "link" / "k", home / ".." / "shop/k"):
        with pytest.raises(BadInput, match="outside the data folder"):
            make_master_key(path, home, KEY)
        with pytest.raises(BadInput, match="outside the data folder"):
            read_master_key(path, home)
    assert list(home.iterdir()) == []


def test_a_key_beside_the_data_folder_is_outside_it(home: Path) -> None:
    assert make_master_key(home.with_name("shop.key"), home, KEY) is True


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0 bytes instead of 32"),
        ("not base64!", "not base64"),
        ("schlüssel", "not base64"),
        (base64.b64encode(bytes(16)).decode(), "16 bytes instead of 32"),
    ],
)
def test_what_is_no_key_is_refused_with_where_it_came_from(text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=f"the variable: .*{reason}"):
        decode_master_key(text, "the variable")


def test_a_file_that_is_no_key_is_refused(path: Path, home: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe" * 20)
    path.chmod(0o600)
    with pytest.raises(BadInput, match="not base64"):
        read_master_key(path, home)
