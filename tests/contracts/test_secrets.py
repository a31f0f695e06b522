"""What every Secrets promises."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopwright.adapters.memory_control import MemorySecrets
from shopwright.adapters.secrets_sqlite import SqliteSecrets
from shopwright.core.errors import BadInput
from shopwright.core.ports import Secrets
from shopwright.core.types.identity import StoreId

STORE, OTHER_STORE = StoreId("a.myshopify.com"), StoreId("b.myshopify.com")


def named(secret: bytes, digits: int = 12) -> str:
    return hashlib.sha256(secret).hexdigest()[:digits]


class SecretsContract:
    @pytest.fixture
    def secrets(self) -> Secrets:
        raise NotImplementedError

    def test_a_store_that_is_not_known_has_none(self, secrets: Secrets) -> None:
        assert list(secrets.of(STORE)) == []

    def test_the_newest_comes_first(self, secrets: Secrets) -> None:
        for secret in (b"one", b"two", b"three"):
            secrets.add(STORE, secret)
        secrets.add(OTHER_STORE, b"theirs")
        assert list(secrets.of(STORE)) == [b"three", b"two", b"one"]
        assert list(secrets.of(OTHER_STORE)) == [b"theirs"]

    def test_adding_one_again_changes_nothing(self, secrets: Secrets) -> None:
        for secret in (b"one", b"two", b"one"):
            secrets.add(STORE, secret)
        assert list(secrets.of(STORE)) == [b"two", b"one"]

    def test_two_stores_may_share_a_secret(self, secrets: Secrets) -> None:
        secrets.add(STORE, b"shared")
        secrets.add(OTHER_STORE, b"shared")
        assert secrets.remove(STORE, named(b"shared")) is True
        assert list(secrets.of(STORE)) == []
        assert list(secrets.of(OTHER_STORE)) == [b"shared"]

    def test_one_is_removed_by_the_beginning_of_its_fingerprint(self, secrets: Secrets) -> None:
        secrets.add(STORE, b"one")
        secrets.add(STORE, b"two")
        assert secrets.remove(STORE, named(b"one", 8).upper()) is True
        assert list(secrets.of(STORE)) == [b"two"]
        assert secrets.remove(STORE, named(b"one")) is False
        assert secrets.remove(STORE, named(b"two", 64)) is True
        assert list(secrets.of(STORE)) == []

    def test_a_removed_one_may_come_back_as_the_newest(self, secrets: Secrets) -> None:
        secrets.add(STORE, b"one")
        secrets.add(STORE, b"two")
        secrets.remove(STORE, named(b"one"))
        secrets.add(STORE, b"one")
        assert list(secrets.of(STORE)) == [b"one", b"two"]

    def test_a_forgotten_store_has_none_and_others_keep_theirs(self, secrets: Secrets) -> None:
        for secret in (b"one", b"two"):
            secrets.add(STORE, secret)
        secrets.add(OTHER_STORE, b"two")
        assert secrets.forget(STORE) == 2
        assert list(secrets.of(STORE)) == []
        assert list(secrets.of(OTHER_STORE)) == [b"two"]
        assert secrets.forget(STORE) == 0

    @pytest.mark.parametrize("fingerprint", ["", "7692c3a", "shpss_one", "*" * 12])
    def test_a_slip_of_the_hand_removes_nothing(self, secrets: Secrets, fingerprint: str) -> None:
        secrets.add(STORE, b"one")
        with pytest.raises(BadInput, match="not a fingerprint"):
            secrets.remove(STORE, fingerprint)
        assert list(secrets.of(STORE)) == [b"one"]


class TestMemorySecrets(SecretsContract):
    @pytest.fixture
    def secrets(self) -> Secrets:
        return MemorySecrets()


class TestSqliteSecrets(SecretsContract):
    @pytest.fixture
    def secrets(self, tmp_path: Path) -> Iterator[Secrets]:
        secrets = SqliteSecrets(tmp_path / "control.db", bytes(32))
        yield secrets
        secrets.close()
