"""What every ApiKeys promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from shopwright.adapters.api_keys_sqlite import SqliteApiKeys
from shopwright.adapters.memory_access import MemoryApiKeys
from shopwright.core.ports import ApiKeys
from shopwright.core.types.access import ApiKey, Scope
from shopwright.core.types.identity import StoreId


def key(name: str, made_us: int = 1) -> ApiKey:
    return ApiKey(
        key_id=name,
        store_id=StoreId("a.myshopify.com"),
        scopes=frozenset([Scope.PREDICT, Scope.CONSOLE]),
        secret_hash=bytes(range(32)),
        note="for the é shop",
        made_by="operator",
        made_us=made_us,
        expires_us=99,
    )


class ApiKeysContract:
    @pytest.fixture
    def keys(self) -> ApiKeys:
        raise NotImplementedError

    def test_they_come_back_unchanged_oldest_first(self, keys: ApiKeys) -> None:
        wide = replace(key("wide", 3), store_id=None, scopes=frozenset(Scope), expires_us=None)
        assert [keys.add(one) for one in (wide, key("k1", 2), key("k0", 2))] == [True] * 3
        assert list(keys.all()) == [key("k0", 2), key("k1", 2), wide]
        assert keys.get("wide") == wide
        assert keys.get("nobody") is None

    def test_a_taken_id_changes_nothing(self, keys: ApiKeys) -> None:
        assert keys.add(key("k1"))
        assert not keys.add(replace(key("k1"), secret_hash=b"x" * 32))
        assert keys.get("k1") == key("k1")

    def test_revoking_is_for_good_and_leaves_it_in_the_list(self, keys: ApiKeys) -> None:
        keys.add(key("k1"))
        keys.add(key("k2"))
        assert keys.revoke("k1", 50)
        assert not keys.revoke("k1", 70)
        assert not keys.revoke("k9", 70)
        assert list(keys.all()) == [replace(key("k1"), revoked_us=50), key("k2")]

    def test_one_is_good_until_it_expires_or_is_revoked(self, keys: ApiKeys) -> None:
        assert [key("k").is_good(at) for at in (98, 99, 100)] == [True, False, False]
        assert not replace(key("k"), revoked_us=50).is_good(10)


class TestMemoryApiKeys(ApiKeysContract):
    @pytest.fixture
    def keys(self) -> ApiKeys:
        return MemoryApiKeys()


class TestSqliteApiKeys(ApiKeysContract):
    @pytest.fixture
    def keys(self, tmp_path: Path) -> Iterator[ApiKeys]:
        keys = SqliteApiKeys(tmp_path / "control.db")
        yield keys
        keys.close()
