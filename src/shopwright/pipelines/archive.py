"""Ledger → Parquet: every month that changed since the last copy is written again, whole."""

from shopwright.core.ports import LedgerFeed, OfflineStore, Stores


class Archiver:
    """The only writer of the offline store."""

    def __init__(self, *, feed: LedgerFeed, stores: Stores, offline: OfflineStore) -> None:
        self._feed = feed
        self._stores = stores
        self._offline = offline

    def step(self) -> int:
        """Copy what changed; return how many partitions were written (0: nothing changed)."""
        revision = self._feed.revision()
        after = self._offline.through()
        if revision == after:
            return 0
        changed = self._feed.changed_months(after)
        months = {
            partition: self._feed.month_orders(partition)
            for partition in changed
            if partition.month != "all"
        }
        products = {
            partition.store_id: self._feed.products(partition.store_id)
            for partition in changed
            if partition.month == "all"
        }
        self._offline.write(months, products, through=revision)
        return len(changed)
