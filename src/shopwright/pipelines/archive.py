"""Ledger → Parquet: every month that changed since the last copy is written again, whole."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from shopwright.core.clock import US_PER_DAY, to_datetime
from shopwright.core.ports import LedgerFeed, LedgerHistory, OfflineStore, Stores
from shopwright.core.types.history import StoreTables
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import PRODUCTS, STOCK, MonthPartition
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.revision import generation
from shopwright.core.types.stock import LevelVersion
from shopwright.events import level_chain, variant_chain

MONTHS_AT_ONCE = 24
"""After so many months what was copied is kept, when a whole ledger is copied anew."""

# Instants before 1970 are negative, and the remainder follows the sign.
_DAYS = (
    f"SELECT DISTINCT {{0}} - ({{0}} % {US_PER_DAY} + {US_PER_DAY}) % {US_PER_DAY} "
    "AS day_us FROM {1}"
)
_ORDER_DAYS, _LEVEL_DAYS = _DAYS.format("occurred_us", "orders"), _DAYS.format("known_us", "levels")
_ANY_PRODUCT = "SELECT product_id FROM products UNION ALL SELECT product_id FROM variants LIMIT 1"


class _Months(Mapping[MonthPartition, Iterable[OrderVersion]]):
    """Months of the ledger, each read when it is asked for: one is in memory at a time."""

    def __init__(self, history: LedgerHistory, partitions: Sequence[MonthPartition]) -> None:
        self._history = history
        self._partitions = dict.fromkeys(partitions)

    def __getitem__(self, partition: MonthPartition) -> Iterable[OrderVersion]:
        if partition not in self._partitions:
            raise KeyError(partition)
        return self._history.month_by_customer(partition)

    def __iter__(self) -> Iterator[MonthPartition]:
        return iter(self._partitions)

    def __len__(self) -> int:
        return len(self._partitions)


class Archiver:
    """The only writer of the offline store."""

    def __init__(
        self, *, feed: LedgerFeed, history: LedgerHistory, stores: Stores, offline: OfflineStore
    ) -> None:
        self._feed = feed
        self._history = history
        self._stores = stores
        self._offline = offline

    def step(self) -> int:
        """Copy what changed; return how many partitions were written (0: nothing changed)."""
        revision = self._feed.revision()
        after = self._offline.through()
        if revision == after:
            return 0
        if generation(after) < generation(revision):
            return self._renew(after, revision)
        changed = self._history.changed_months(after)
        self._write(changed, through=revision)
        return len(changed)

    def _renew(self, after: int, revision: int) -> int:
        """Copy a ledger that was replaced, and every month that only the copy still has.

        The copy's revision moves with the last months: a crash before that begins again.
        """
        changed = sorted({*self._history.changed_months(0), *self._months_held()})
        last = max(0, len(changed) - 1) // MONTHS_AT_ONCE * MONTHS_AT_ONCE
        for start in range(0, len(changed) + (not changed), MONTHS_AT_ONCE):
            part = changed[start : start + MONTHS_AT_ONCE]
            self._write(part, through=revision if start == last else after)
        return len(changed)

    def _months_held(self) -> set[MonthPartition]:
        """Return the partitions of the history as its own rows tell them."""
        held = set()
        for store_id in (store.store_id for store in self._stores.all()):
            for sql, prefix in ((_ORDER_DAYS, ""), (_LEVEL_DAYS, STOCK)):
                days = self._offline.query(sql, [store_id], None)["day_us"]
                for instant in map(to_datetime, days.tolist()):
                    month = f"{prefix}{instant.year:04}-{instant.month:02}"
                    held.add(MonthPartition(store_id, month))
            if len(self._offline.query(_ANY_PRODUCT, [store_id], None)["product_id"]):
                held.add(MonthPartition(store_id, PRODUCTS))
        return held

    def _write(self, partitions: Sequence[MonthPartition], through: int) -> None:
        months = _Months(self._history, [one for one in partitions if one.holds == "orders"])
        others = [one for one in partitions if one.holds != "orders"]
        tables = {
            store_id: self._tables(store_id, [one for one in others if one.store_id == store_id])
            for store_id in dict.fromkeys(one.store_id for one in others)
        }
        self._offline.write(months, tables, through=through)

    def _tables(self, store_id: StoreId, partitions: Sequence[MonthPartition]) -> StoreTables:
        levels = {one.month: self._levels(one) for one in partitions if one.holds == "levels"}
        if all(one.holds != "products" for one in partitions):
            return StoreTables(levels=levels)
        products = self._history.products(store_id)
        variants = variant_chain.chain(products)
        return StoreTables(products=products, variants=variants, levels=levels)

    def _levels(self, partition: MonthPartition) -> Iterator[LevelVersion]:
        """Yield the levels that begin in a month; the ledger is asked when the first is wanted."""
        yield from level_chain.chain(partition.store_id, self._history.month_levels(partition))
