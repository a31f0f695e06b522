"""Gives customers the packed records that they lack: of a view that is new, or of a new version.

The worker packs every view of whoever an event touches. A view that was added later is filled for
everybody else from the ledger, page by page beside the events; one that is gone is taken away.
"""

from collections.abc import Iterator, Sequence

from shopwright.core.ports import Ledger, OnlineStore, Stores
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import LedgerChanges
from shopwright.features.definitions import CUSTOMER
from shopwright.features.record import packed_for
from shopwright.features.view import FeatureView
from shopwright.pipelines.draft import packed
from shopwright.pipelines.materialize import Materializer

CUSTOMERS_AT_ONCE = 500


class ViewFiller:
    """One walk over all customers; a page at each step."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        online: OnlineStore,
        stores: Stores,
        materializer: Materializer,
        views: Sequence[FeatureView],
        gone: Sequence[str] = (),
    ) -> None:
        self._ledger = ledger
        self._online = online
        self._stores = stores
        self._materializer = materializer
        self._views = views
        self._gone = gone
        self._walk = self._pages()
        self.filled = 0
        self.taken_away = 0
        self.is_done = False

    def step(self) -> bool:
        """Look at one page; return whether there was one."""
        records = next(self._walk, None)
        if records is None:
            self.is_done = True
            return False
        if records:
            changes = LedgerChanges(
                tellings={},
                orders={},
                products={},
                records=records,
                dead_letters=(),
                through=self._ledger.through(),
            )
            self._materializer.copy(records, self._ledger.commit(changes))
        return True

    def _pages(self) -> Iterator[Sequence[PackedRecord]]:
        for store in self._stores.all():
            for page in self._customers(store.store_id, CUSTOMER.name):
                yield self._lacking(store.store_id, page)
            for view in self._gone:
                for page in self._customers(store.store_id, view):
                    self.taken_away += len(page)
                    yield [_without_state(record) for record in page]

    def _customers(self, store_id: StoreId, view: str) -> Iterator[Sequence[PackedRecord]]:
        after: Pseudonym | None = None
        while page := self._online.page(store_id, view, after, CUSTOMERS_AT_ONCE):
            yield page
            after = page[-1].entity

    def _lacking(self, store_id: StoreId, page: Sequence[PackedRecord]) -> list[PackedRecord]:
        """Return the records that this page's customers lack."""
        received = {record.entity: record.received_us for record in page}
        lacking: dict[Pseudonym, list[FeatureView]] = {}
        for view in self._views:
            there = self._online.read(store_id, view.name, list(received))
            for entity in received:
                if entity not in there or not packed_for(view, there[entity].state):
                    lacking.setdefault(entity, []).append(view)
        if not lacking:
            return []
        versions = self._ledger.orders_of(store_id, list(lacking))
        made = [
            packed(view, store_id, entity, versions.get(entity, ()), received[entity])
            for entity, views in lacking.items()
            for view in views
        ]
        self.filled += len(made)
        return made


def _without_state(record: PackedRecord) -> PackedRecord:
    return PackedRecord(
        store_id=record.store_id,
        view=record.view,
        entity=record.entity,
        revision=0,
        received_us=record.received_us,
        state=b"",
    )
