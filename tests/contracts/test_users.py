"""What every Users promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from shopwright.adapters.memory_access import MemoryUsers
from shopwright.adapters.users_sqlite import SqliteUsers
from shopwright.core.ports import Users
from shopwright.core.types.access import User
from shopwright.core.types.identity import StoreId

SOME = frozenset(StoreId(f"{name}.myshopify.com") for name in ("a", "b"))


def user(name: str, stores: frozenset[StoreId] | None = None) -> User:
    return User(
        name=name, role="viewer", stores=stores, password="scrypt$x", password_us=7, made_us=3
    )


class UsersContract:
    @pytest.fixture
    def users(self) -> Users:
        raise NotImplementedError

    def test_they_come_back_as_they_were_added(self, users: Users) -> None:
        everyone = [user("ann", SOME), user("bob"), user("cid", frozenset())]
        assert [users.add(one) for one in reversed(everyone)] == [True] * 3
        assert [users.get(one.name) for one in everyone] == everyone
        assert list(users.all()) == everyone
        assert users.get("dora") is None

    def test_a_taken_name_changes_nothing(self, users: Users) -> None:
        assert users.add(user("ann"))
        assert not users.add(user("ann", SOME))
        assert users.get("ann") == user("ann")

    def test_one_is_changed_in_everything(self, users: Users) -> None:
        users.add(user("ann", SOME))
        users.add(user("bob"))
        changed = User(
            name="ann", role="admin", stores=None, password="new", password_us=9, made_us=3
        )
        assert users.change(changed)
        assert users.get("ann") == changed
        assert users.get("bob") == user("bob")
        assert not users.change(replace(changed, name="nobody"))
        assert users.get("nobody") is None

    def test_one_is_removed_once(self, users: Users) -> None:
        users.add(user("ann"))
        assert [users.remove("ann"), users.remove("ann")] == [True, False]
        assert list(users.all()) == []


class TestMemoryUsers(UsersContract):
    @pytest.fixture
    def users(self) -> Users:
        return MemoryUsers()


class TestSqliteUsers(UsersContract):
    @pytest.fixture
    def users(self, tmp_path: Path) -> Iterator[Users]:
        users = SqliteUsers(tmp_path / "control.db")
        yield users
        users.close()
