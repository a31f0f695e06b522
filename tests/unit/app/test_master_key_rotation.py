"""The master key is rotated: everything opens with the new key, whatever cut the work short."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from wrapped_secrets import (
    PEOPLE,
    STORES,
    bytes_in,
    fill,
    opened_with,
    wrapped_in,
    write_key,
)

from shopwright.adapters import rewrapping
from shopwright.adapters.keys_sqlite import SqliteKeys
from shopwright.adapters.log_sqlite import SqliteLog
from shopwright.adapters.secrets_sqlite import SqliteSecrets
from shopwright.adapters.sqlite_database import Database
from shopwright.app import key_rotation
from shopwright.app.cli.program import run
from shopwright.app.key_rotation import Rewrapped, rotate
from shopwright.app.lock import hold
from shopwright.app.master_key import read_master_key
from shopwright.app.settings import Settings, load
from shopwright.core.errors import BadInput, Busy, Damaged, NotReady

OLD, NEW, THIRD = (bytes([n]) * 32 for n in (1, 2, 3))
SECRETS = 2 + 3 + 2 * (3 * len(PEOPLE) - 1) + 6 + 1 + 3


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("SHOPWRIGHT_"):
            monkeypatch.delenv(name)
    write_key(tmp_path / ".shopwright.key", OLD)
    write_key(tmp_path / "new.key", NEW)
    fill(tmp_path / ".shopwright", OLD)
    return tmp_path / ".shopwright"


def nobody(_: Rewrapped) -> None:
    pass


def settings() -> Settings:
    return load()


def test_everything_opens_with_the_new_key_and_nothing_with_the_old(home: Path) -> None:
    before, wrapped = opened_with(home, OLD), wrapped_in(home)
    assert len(wrapped) == 8
    rotated = rotate(settings(), Path("new.key"), nobody)
    assert rotated.secrets == SECRETS
    assert opened_with(home, NEW) == before
    with pytest.raises(Damaged):
        opened_with(home, OLD)
    assert read_master_key(settings()) == NEW
    after = wrapped_in(home)
    assert {at: len(secrets) for at, secrets in after.items()} == {
        at: len(secrets) for at, secrets in wrapped.items()
    }
    on_disk = bytes_in(home)
    assert not [one for secrets in wrapped.values() for one in secrets if one in on_disk]
    assert all(one in on_disk for secrets in after.values() for one in secrets)


def test_the_old_key_is_kept_for_old_backups_under_a_name_of_its_own(home: Path) -> None:
    rotated = rotate(settings(), None, nobody)
    assert rotated.old_key_file is not None
    kept = Path(rotated.old_key_file)
    assert base64.b64decode(kept.read_bytes()) == OLD
    assert kept.stat().st_mode & 0o777 == 0o600
    assert Path(rotated.key_file).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in home.parent.iterdir()) == [
        ".shopwright",
        ".shopwright.key",
        kept.name,
        "new.key",
    ]
    made = read_master_key(settings())
    assert made not in (OLD, NEW)
    opened_with(home, made)


def test_a_rotation_may_follow_another(home: Path) -> None:
    before = opened_with(home, OLD)
    for _ in range(3):
        rotate(settings(), None, nobody)
    assert opened_with(home, read_master_key(settings())) == before


def test_progress_is_told_in_batches(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrapping, "BATCH_ROWS", 10)
    told: list[Rewrapped] = []
    rotate(settings(), Path("new.key"), told.append)
    keys = [one.done for one in told if one.step == "keys"]
    assert keys == sorted(keys)
    assert len(keys) > 14
    assert keys[-1] == {one.total for one in told if one.step == "keys"}.pop()
    opened_with(home, NEW)


Break = Callable[[pytest.MonkeyPatch, int], None]


def _dies_at(owner: object, name: str, *, after: bool) -> Break:
    def install(patch: pytest.MonkeyPatch, number: int) -> None:
        real, calls = getattr(owner, name), 0

        def dying(*arguments: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if calls == number and not after:
                raise KeyboardInterrupt
            result = real(*arguments, **named)
            if calls == number:
                raise KeyboardInterrupt
            return result

        patch.setattr(owner, name, dying)

    return install


POINTS: dict[str, Break] = {
    f"{name} {'after' if after else 'before'}": _dies_at(owner, name, after=after)
    for owner, name in (
        (os, "fsync"),
        (os, "link"),
        (os, "replace"),
        (key_rotation, "_keep"),
        (rewrapping, "_again"),
        (Database, "erase_traces"),
    )
    for after in (False, True)
}


@pytest.mark.parametrize("point", POINTS)
def test_a_rotation_that_dies_anywhere_is_finished_by_the_same_command(
    home: Path, tmp_path: Path, point: str
) -> None:
    """It dies at the first call of this kind, then at the second, …, until it lives through."""
    before = opened_with(home, OLD)
    master, deaths, number = OLD, 0, 1
    while number < 40:
        with pytest.MonkeyPatch.context() as patch:
            POINTS[point](patch, number)
            try:
                rotate(settings(), None, nobody)
                break
            except KeyboardInterrupt:
                deaths += 1
        following = tmp_path / ".shopwright.key.next"
        if following.exists():
            with pytest.raises(NotReady, match="`shopwright master-key rotate` to finish"):
                read_master_key(settings())
            rotate(settings(), None, nobody)
        master = read_master_key(settings())
        assert opened_with(home, master) == before
        assert not following.exists()
        number += 1 if number < 6 else 13
    assert deaths > 0
    assert master != OLD


def test_a_process_that_ran_on_does_not_wrap_with_the_old_key(home: Path) -> None:
    """A short command that took no lock may have been open all the time."""
    keys = SqliteKeys(home / "keys.db", OLD)
    secrets = SqliteSecrets(home / "control.db", OLD)
    keys.store_key(STORES[0])
    rotate(settings(), Path("new.key"), nobody)
    with pytest.raises(Busy, match="start it again"):
        keys.seal_keys(STORES[0], {PEOPLE[0][:15] + b"!": ("customer", "new")})  # type: ignore[dict-item]
    with pytest.raises(Busy, match="start it again"):
        secrets.add(STORES[0], b"new")
    keys.close()
    secrets.close()
    opened_with(home, NEW)


@pytest.mark.parametrize("lock", ["run/up.lock", "run/scheduler.lock", "ledger/00.lock"])
def test_it_refuses_while_something_runs(home: Path, lock: str) -> None:
    with hold(home / lock, "something"), pytest.raises(Busy):
        rotate(settings(), None, nobody)
    log = SqliteLog(home / "log", "web-0")
    with pytest.raises(Busy, match="web-0"):
        rotate(settings(), None, nobody)
    log.close()
    assert not Path(".shopwright.key.next").exists()
    rotate(settings(), None, nobody)


def test_another_new_key_is_refused_until_the_first_is_finished(home: Path, tmp_path: Path) -> None:
    write_key(tmp_path / "third.key", THIRD)
    write_key(tmp_path / ".shopwright.key.next", NEW)
    with pytest.raises(BadInput, match="finish it first"):
        rotate(settings(), Path("third.key"), nobody)
    rotate(settings(), Path("new.key"), nobody)
    assert read_master_key(settings()) == NEW
    with pytest.raises(BadInput, match="in use"):
        rotate(settings(), Path("new.key"), nobody)


def test_a_key_file_of_another_folder_is_damage_and_changes_nothing(
    home: Path, tmp_path: Path
) -> None:
    write_key(tmp_path / ".shopwright.key", THIRD)
    with pytest.raises(Damaged, match="does not open with the master key"):
        rotate(settings(), Path("new.key"), nobody)
    assert opened_with(home, OLD)


def test_a_key_in_a_variable_is_handed_over_with_instructions(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(".shopwright.key").unlink()
    before = opened_with(home, OLD)
    monkeypatch.setenv("SHOPWRIGHT_MASTER_KEY", base64.b64encode(OLD).decode())
    assert run(["master-key", "rotate", "--new-key-file", "new.key"]) == 0
    said = capsys.readouterr().out
    assert "put the content of that file into SHOPWRIGHT_MASTER_KEY" in said
    assert ".shopwright.key.next" in said
    with pytest.raises(NotReady, match="not finished"):
        read_master_key(settings())
    content = Path(".shopwright.key.next").read_text()
    monkeypatch.setenv("SHOPWRIGHT_MASTER_KEY", content)
    assert read_master_key(settings()) == NEW
    assert opened_with(home, NEW) == before
    with pytest.raises(BadInput, match="this is done"):
        rotate(settings(), None, nobody)


def test_the_command_says_where_the_keys_lie(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["master-key", "rotate", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["secrets"] == SECRETS
    assert told["key_file"] == ".shopwright.key"
    assert run(["master-key", "rotate"]) == 0
    said = capsys.readouterr()
    assert "keep a copy of it in another place" in said.out
    assert "keys: 0 of" in said.err


def test_an_installation_without_anything_may_rotate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_key(tmp_path / ".shopwright.key", OLD)
    assert rotate(settings(), None, nobody).secrets == 0
    assert read_master_key(settings()) != OLD
