"""What every Stores promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from shopwright.adapters.memory_control import MemoryStores
from shopwright.adapters.stores_sqlite import SqliteStores
from shopwright.core.errors import BadInput, UnknownStore
from shopwright.core.ports import Stores
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store

ONE = Store(
    store_id=StoreId("a.myshopify.com"), currency="GBP", timezone="Europe/London", added_us=7
)
TWO = Store(store_id=StoreId("b.myshopify.com"), currency="JPY", timezone="Asia/Tokyo", added_us=8)


class StoresContract:
    @pytest.fixture
    def stores(self) -> Stores:
        raise NotImplementedError

    def test_what_was_added_is_there_by_domain(self, stores: Stores) -> None:
        assert list(stores.all()) == []
        stores.put(TWO)
        stores.put(ONE)
        assert list(stores.all()) == [ONE, TWO]
        assert stores.get(TWO.store_id) == TWO

    def test_an_unknown_store_says_how_to_add_it(self, stores: Stores) -> None:
        stores.put(ONE)
        with pytest.raises(UnknownStore, match=r"stores add b\.myshopify\.com"):
            stores.get(TWO.store_id)

    def test_adding_one_again_changes_its_time_zone_only(self, stores: Stores) -> None:
        stores.put(ONE)
        stores.put(replace(ONE, timezone="Europe/Paris", added_us=99))
        assert list(stores.all()) == [replace(ONE, timezone="Europe/Paris")]

    def test_a_store_keeps_its_currency(self, stores: Stores) -> None:
        stores.put(ONE)
        with pytest.raises(BadInput, match=r"a\.myshopify\.com.* with GBP, not EUR"):
            stores.put(replace(ONE, currency="EUR", timezone="Europe/Paris"))
        assert stores.get(ONE.store_id) == ONE

    def test_a_forgotten_store_is_unknown_until_it_is_added_again(self, stores: Stores) -> None:
        stores.put(ONE)
        stores.put(TWO)
        assert stores.forget(ONE.store_id) is True
        assert list(stores.all()) == [TWO]
        with pytest.raises(UnknownStore):
            stores.get(ONE.store_id)
        assert stores.forget(ONE.store_id) is False
        stores.put(replace(ONE, currency="EUR"))
        assert stores.get(ONE.store_id).currency == "EUR"


class TestMemoryStores(StoresContract):
    @pytest.fixture
    def stores(self) -> Stores:
        return MemoryStores()


class TestSqliteStores(StoresContract):
    @pytest.fixture
    def stores(self, tmp_path: Path) -> Iterator[Stores]:
        stores = SqliteStores(tmp_path / "control.db")
        yield stores
        stores.close()

    def test_stores_outlive_the_process(self, tmp_path: Path) -> None:
        first = SqliteStores(tmp_path / "control.db")
        first.put(ONE)
        first.close()
        again = SqliteStores(tmp_path / "control.db")
        assert again.get(ONE.store_id) == ONE
        again.close()
