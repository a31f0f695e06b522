"""The sockets of the two feature stores."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import MonthPartition
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.product import ProductVersion

Columns = Mapping[str, "np.ndarray[Any, Any]"]
"""A table by column; a column with nulls is a ``numpy.ma.MaskedArray``."""


class OnlineStore(Protocol):
    """A read copy of the packed records: fast, and rebuildable from the ledger."""

    def put(self, records: Sequence[PackedRecord], through: int) -> None:
        """Store records in one transaction; an older revision never replaces a newer one.

        A record without a state takes away the one that is there.
        """
        ...

    def read(
        self, store_id: StoreId, view: str, entities: Sequence[Pseudonym]
    ) -> Mapping[Pseudonym, PackedRecord]:
        """Return the records that exist."""
        ...

    def through(self) -> int:
        """Return the ledger revision that this copy has reached; 0 when it is empty."""
        ...

    def page(
        self, store_id: StoreId, view: str, after: Pseudonym | None, limit: int
    ) -> Sequence[PackedRecord]:
        """Return records of a store in the order of their pseudonyms."""
        ...

    def forget(self, store_id: StoreId, entity: Pseudonym | None) -> None:
        """Remove the entity from every view, its old bytes included; None: the whole store."""
        ...


class OfflineStore(Protocol):
    """History as Parquet, read by the portable SQL of the feature views."""

    def write(
        self,
        months: Mapping[MonthPartition, Iterable[OrderVersion]],
        products: Mapping[StoreId, Sequence[ProductVersion]],
        through: int,
    ) -> None:
        """Replace these partitions, all of them or none, and remember the ledger's revision.

        A month that is a sequence may come in any order; one that is walked but once must come as
        ``LedgerFeed.month_by_customer`` gives it. Months are asked for one after another.
        """
        ...

    def through(self) -> int:
        """Return the ledger revision that this copy has reached; 0 when it is empty."""
        ...

    def query(self, sql: str, store_ids: Sequence[StoreId], spine: Columns | None) -> Columns:
        """Run portable SQL over the relations ``orders``, ``lines``, ``products`` and ``spine``."""
        ...

    def forget(self, store_id: StoreId, customer: Pseudonym | None) -> int:
        """Rewrite every partition that names the customer; say how many there were.

        None removes every partition of the store.
        """
        ...
