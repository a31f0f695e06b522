"""The offline store in memory: the same rows and the same SQL, without files."""

from collections.abc import Iterable, Mapping, Sequence

from shopwright.adapters.offline_query import Limits, define_tables, run
from shopwright.adapters.offline_rows import order_tables, product_table
from shopwright.core.ports import Columns
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import MonthPartition
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.product import ProductVersion


class MemoryOfflineStore:
    """History that lasts as long as the object; queries run in DuckDB, in memory."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._months: dict[MonthPartition, tuple[OrderVersion, ...]] = {}
        self._products: dict[StoreId, tuple[ProductVersion, ...]] = {}
        self._through = 0

    def write(
        self,
        months: Mapping[MonthPartition, Iterable[OrderVersion]],
        products: Mapping[StoreId, Sequence[ProductVersion]],
        through: int,
    ) -> None:
        """Replace these partitions and remember the ledger's revision."""
        self._months |= {partition: tuple(versions) for partition, versions in months.items()}
        self._products |= {store_id: tuple(versions) for store_id, versions in products.items()}
        self._through = through

    def through(self) -> int:
        """Return the ledger revision that this copy has reached."""
        return self._through

    def query(self, sql: str, store_ids: Sequence[StoreId], spine: Columns | None) -> Columns:
        """Run portable SQL over the history of these stores. Raises BadInput, NotReady."""
        asked = set(store_ids)
        orders = [
            version
            for partition, versions in self._months.items()
            if partition.store_id in asked
            for version in versions
        ]
        products = [one for store_id in asked for one in self._products.get(store_id, ())]
        tables = {**order_tables(orders), "products": product_table(products)}
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
        gone = {partition for partition in self._months if partition.store_id == store_id}
        for partition in gone:
            del self._months[partition]
        return len(gone) + (self._products.pop(store_id, None) is not None)
