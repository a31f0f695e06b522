"""The offline store in memory: the same rows and the same SQL, without files."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from shopwright.adapters.offline_query import Limits, define_tables, run
from shopwright.adapters.offline_rows import (
    level_table,
    order_tables,
    product_table,
    variant_table,
)
from shopwright.core.ports import Columns
from shopwright.core.types.history import StoreTables
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import MonthPartition
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.product import ProductVersion, VariantVersion
from shopwright.core.types.stock import LevelVersion

_Version = TypeVar("_Version")


class MemoryOfflineStore:
    """History that lasts as long as the object; queries run in DuckDB, in memory."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._months: dict[MonthPartition, tuple[OrderVersion, ...]] = {}
        self._products: dict[StoreId, tuple[ProductVersion, ...]] = {}
        self._variants: dict[StoreId, tuple[VariantVersion, ...]] = {}
        self._levels: dict[MonthPartition, tuple[LevelVersion, ...]] = {}
        self._through = 0

    def write(
        self,
        months: Mapping[MonthPartition, Iterable[OrderVersion]],
        tables: Mapping[StoreId, StoreTables],
        through: int,
    ) -> None:
        """Replace these partitions and remember the ledger's revision."""
        self._months |= {partition: tuple(versions) for partition, versions in months.items()}
        for store_id, of_store in tables.items():
            if of_store.products is not None:
                self._products[store_id] = tuple(of_store.products)
            if of_store.variants is not None:
                self._variants[store_id] = tuple(of_store.variants)
            for month, versions in of_store.levels.items():
                self._levels[MonthPartition(store_id, month)] = tuple(versions)
        self._through = through

    def through(self) -> int:
        """Return the ledger revision that this copy has reached."""
        return self._through

    def query(self, sql: str, store_ids: Sequence[StoreId], spine: Columns | None) -> Columns:
        """Run portable SQL over the history of these stores. Raises BadInput, NotReady."""
        asked = set(store_ids)
        orders = [one for at, of in self._months.items() if at.store_id in asked for one in of]
        levels = [one for at, of in self._levels.items() if at.store_id in asked for one in of]
        products = [one for store_id in asked for one in self._products.get(store_id, ())]
        variants = [one for store_id in asked for one in self._variants.get(store_id, ())]
        tables = {
            **order_tables(orders),
            "products": product_table(products),
            "variants": variant_table(variants),
            "level_changes": level_table(levels),
        }
        return run(sql, define_tables(tables), spine, self._limits)

    def forget(self, store_id: StoreId, customer: Pseudonym | None) -> int:
        """Remove the customer's rows, or the store's; say how many partitions changed."""
        if customer is None:
            return self._forget_store(store_id)
        named = [
            partition
            for partition, versions in self._months.items()
            if partition.store_id == store_id
            and any(version.customer == customer for version in versions)
        ]
        for partition in named:
            self._months[partition] = tuple(
                version for version in self._months[partition] if version.customer != customer
            )
        return len(named)

    def _forget_store(self, store_id: StoreId) -> int:
        months = _drop(self._months, store_id) + _drop(self._levels, store_id)
        products, variants = self._products.pop(store_id, ()), self._variants.pop(store_id, ())
        return months + bool(products or variants)


def _drop(months: dict[MonthPartition, tuple[_Version, ...]], store_id: StoreId) -> int:
    """Remove a store's months; return how many held something."""
    gone = [partition for partition in months if partition.store_id == store_id]
    return sum(bool(months.pop(partition)) for partition in gone)
