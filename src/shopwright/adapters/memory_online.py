"""The online store in memory: for tests, the demo, and users' own tests."""

from collections.abc import Sequence

from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId


class MemoryOnlineStore:
    """Packed records in dictionaries; gone with the process."""

    def __init__(self) -> None:
        self._views: dict[tuple[StoreId, str], dict[Pseudonym, PackedRecord]] = {}
        self._through = 0

    def put(self, records: Sequence[PackedRecord], through: int) -> None:
        """Store records; an older revision never replaces a newer one."""
        for record in records:
            kept = self._views.setdefault((record.store_id, record.view), {})
            before = kept.get(record.entity)
            if before is not None and before.revision > record.revision:
                continue
            if record.state:
                kept[record.entity] = record
            else:
                kept.pop(record.entity, None)
        self._through = max(self._through, through)

    def read(
        self, store_id: StoreId, view: str, entities: Sequence[Pseudonym]
    ) -> dict[Pseudonym, PackedRecord]:
        """Return the records that exist."""
        kept = self._views.get((store_id, view), {})
        return {entity: kept[entity] for entity in entities if entity in kept}

    def through(self) -> int:
        """Return the ledger revision that this copy has reached."""
        return self._through

    def page(
        self, store_id: StoreId, view: str, after: Pseudonym | None, limit: int
    ) -> Sequence[PackedRecord]:
        """Return records of a store in the order of their pseudonyms."""
        kept = self._views.get((store_id, view), {})
        following = sorted(entity for entity in kept if after is None or entity > after)
        return [kept[entity] for entity in following[:limit]]

    def forget(self, store_id: StoreId, entity: Pseudonym | None) -> None:
        """Remove the entity from every view; None: the whole store."""
        if entity is None:
            self._views = {at: kept for at, kept in self._views.items() if at[0] != store_id}
            return
        for (of_store, _), kept in self._views.items():
            if of_store == store_id:
                kept.pop(entity, None)
