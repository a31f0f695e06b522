"""What every TokenVault, Leases, Connections and Slices promises."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from byte_search import of_text, search
from msgspec.structs import replace

from shopwright.adapters.connections_sqlite import SqliteConnections, SqliteSlices
from shopwright.adapters.leases_sqlite import SqliteLeases
from shopwright.adapters.memory_connections import (
    MemoryConnections,
    MemoryLeases,
    MemorySlices,
    MemoryTokenVault,
)
from shopwright.adapters.token_vault_sqlite import SqliteTokenVault
from shopwright.core.errors import Damaged
from shopwright.core.ports import Connections, Leases, Slices, TokenVault
from shopwright.core.types.connection import Connection, Credential, Slice
from shopwright.core.types.identity import StoreId

A, B = StoreId("a.myshopify.com"), StoreId("b.myshopify.com")
KEY = bytes(range(32))
CANARY = "shpat_canary7f3a91"
CREDENTIAL = Credential(
    store_id=A,
    mode="oauth",
    client_id="id",
    client_secret="secret-canary7f3a91",
    access_token=CANARY,
    scopes=("read_orders",),
    expires_us=5,
    refresh_token="shprt_canary7f3a91",
)


class VaultContract:
    @pytest.fixture
    def vault(self) -> TokenVault:
        raise NotImplementedError

    def test_a_store_without_a_credential_has_none(self, vault: TokenVault) -> None:
        assert vault.get(A) is None
        assert vault.forget(A) is False

    def test_the_newest_credential_counts(self, vault: TokenVault) -> None:
        vault.put(CREDENTIAL)
        newer = replace(CREDENTIAL, access_token="other", accepted=True)
        vault.put(newer)
        vault.put(replace(CREDENTIAL, store_id=B))
        assert vault.get(A) == newer
        assert vault.get(B) == replace(CREDENTIAL, store_id=B)

    def test_what_is_forgotten_is_gone(self, vault: TokenVault) -> None:
        vault.put(CREDENTIAL)
        assert vault.forget(A) is True
        assert vault.get(A) is None


class TestMemoryVault(VaultContract):
    @pytest.fixture
    def vault(self) -> TokenVault:
        return MemoryTokenVault()


class TestSqliteVault(VaultContract):
    @pytest.fixture
    def vault(self, tmp_path: Path) -> Iterator[TokenVault]:
        vault = SqliteTokenVault(tmp_path / "control.db", KEY)
        yield vault
        vault.close()

    def test_another_process_sees_what_was_kept(self, vault: TokenVault, tmp_path: Path) -> None:
        vault.put(CREDENTIAL)
        other = SqliteTokenVault(tmp_path / "control.db", KEY)
        assert other.get(A) == CREDENTIAL
        other.put(replace(CREDENTIAL, access_token="renewed"))
        other.close()
        found = vault.get(A)
        assert found is not None
        assert found.access_token == "renewed"

    def test_nothing_secret_is_on_the_disk(self, vault: TokenVault, tmp_path: Path) -> None:
        vault.put(CREDENTIAL)
        assert search([tmp_path], of_text("canary", "canary7f3a91")) == []
        vault.forget(A)
        assert search([tmp_path], of_text("canary", "canary7f3a91")) == []

    def test_another_master_key_opens_nothing(self, vault: TokenVault, tmp_path: Path) -> None:
        vault.put(CREDENTIAL)
        with pytest.raises(Damaged, match="master key"):
            SqliteTokenVault(tmp_path / "control.db", bytes(32))


def test_a_credential_does_not_show_its_secrets() -> None:
    for text in (str(CREDENTIAL), repr(CREDENTIAL), f"{CREDENTIAL}"):
        assert "canary" not in text
        assert A in text


class LeasesContract:
    @pytest.fixture
    def leases(self) -> Leases:
        raise NotImplementedError

    def test_one_holder_at_a_time(self, leases: Leases) -> None:
        assert leases.take("token", "one", 0, 100)
        assert not leases.take("token", "two", 50, 150)
        assert leases.take("other", "two", 50, 150)

    def test_its_holder_may_extend_it(self, leases: Leases) -> None:
        assert leases.take("token", "one", 0, 100)
        assert leases.take("token", "one", 90, 190)
        assert not leases.take("token", "two", 150, 250)

    def test_it_ends_by_itself(self, leases: Leases) -> None:
        assert leases.take("token", "one", 0, 100)
        assert leases.take("token", "two", 100, 200)

    def test_only_its_holder_gives_it_back(self, leases: Leases) -> None:
        assert leases.take("token", "one", 0, 100)
        leases.release("token", "two")
        assert not leases.take("token", "two", 50, 150)
        leases.release("token", "one")
        assert leases.take("token", "two", 50, 150)

    def test_of_many_who_ask_at_once_one_gets_it(self, leases: Leases) -> None:
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda n: leases.take("token", f"h{n}", 0, 100), range(8)))
        assert sum(taken) == 1


class TestMemoryLeases(LeasesContract):
    @pytest.fixture
    def leases(self) -> Leases:
        return MemoryLeases()


class TestSqliteLeases(LeasesContract):
    @pytest.fixture
    def leases(self, tmp_path: Path) -> Iterator[Leases]:
        leases = SqliteLeases(tmp_path / "control.db")
        yield leases
        leases.close()

    def test_other_processes_see_it(self, leases: Leases, tmp_path: Path) -> None:
        other = SqliteLeases(tmp_path / "control.db")
        assert leases.take("token", "one", 0, 100)
        assert not other.take("token", "two", 50, 150)
        other.close()


CONNECTION = Connection(store_id=A, mode="oauth", connected_us=1, api_version="2026-10")


class ConnectionsContract:
    @pytest.fixture
    def connections(self) -> Connections:
        raise NotImplementedError

    def test_what_is_kept_comes_back(self, connections: Connections) -> None:
        assert connections.get(A) is None
        connections.put(replace(CONNECTION, store_id=B))
        connections.put(CONNECTION)
        newer = replace(CONNECTION, trouble="it is frozen", scopes=("read_orders",))
        connections.put(newer)
        assert connections.get(A) == newer
        assert [one.store_id for one in connections.all()] == [A, B]

    def test_of_changes_made_at_once_none_is_lost(self, connections: Connections) -> None:
        connections.put(CONNECTION)

        def add(_: int) -> None:
            connections.change(A, lambda known: replace(known, missed=known.missed + 1))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(40)))
        changed = connections.change(A, lambda known: replace(known, trouble="frozen"))
        assert changed == connections.get(A)
        assert changed == replace(CONNECTION, missed=40, trouble="frozen")

    def test_a_store_that_is_not_connected_cannot_be_changed(
        self, connections: Connections
    ) -> None:
        assert connections.change(A, lambda known: known) is None
        assert connections.get(A) is None

    def test_what_is_forgotten_is_gone(self, connections: Connections) -> None:
        connections.put(CONNECTION)
        assert connections.forget(A) is True
        assert connections.forget(A) is False
        assert list(connections.all()) == []


class TestMemoryConnections(ConnectionsContract):
    @pytest.fixture
    def connections(self) -> Connections:
        return MemoryConnections()


class TestSqliteConnections(ConnectionsContract):
    @pytest.fixture
    def connections(self, tmp_path: Path) -> Iterator[Connections]:
        connections = SqliteConnections(tmp_path / "control.db")
        yield connections
        connections.close()


SLICE = Slice(store_id=A, name="orders/1", kind="orders", search="x")


class SlicesContract:
    @pytest.fixture
    def slices(self) -> Slices:
        raise NotImplementedError

    def test_what_is_kept_comes_back(self, slices: Slices) -> None:
        slices.put(SLICE)
        slices.put(replace(SLICE, name="customers", kind="customers"))
        slices.put(replace(SLICE, store_id=B))
        told = replace(SLICE, state="told", read_count=7)
        slices.put(told)
        assert list(slices.of(A)) == [replace(SLICE, name="customers", kind="customers"), told]

    def test_what_is_forgotten_is_gone(self, slices: Slices) -> None:
        slices.put(SLICE)
        slices.put(replace(SLICE, store_id=B))
        assert slices.forget(A) == 1
        assert list(slices.of(A)) == []
        assert len(slices.of(B)) == 1


class TestMemorySlices(SlicesContract):
    @pytest.fixture
    def slices(self) -> Slices:
        return MemorySlices()


class TestSqliteSlices(SlicesContract):
    @pytest.fixture
    def slices(self, tmp_path: Path) -> Iterator[Slices]:
        slices = SqliteSlices(tmp_path / "control.db")
        yield slices
        slices.close()
