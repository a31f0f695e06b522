"""The sockets of the two feature stores."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.history import StoreTables
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import MonthPartition
from shopwright.core.types.order import OrderVersion

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
        tables: Mapping[StoreId, StoreTables],
        through: int,
    ) -> None:
        """Replace these partitions, all of them or none, and remember the ledger's revision.

        A month that is a sequence may come in any order; one that is walked but once must come as
        ``LedgerHistory.month_by_customer`` gives it. Months are asked for one after another.
        """
        ...

    def through(self) -> int:
        """Return the ledger revision that this copy has reached; 0 when it is empty."""
        ...

    def query(self, sql: str, store_ids: Sequence[StoreId], spine: Columns | None) -> Columns:
        """Run portable SQL over what is known of these stores, and the ``spine``.

        The relations are ``orders``, ``lines``, ``products``, ``variants`` and ``levels``; one of
        which nothing was written yet is empty.
        """
        ...

    def forget(self, store_id: StoreId, customer: Pseudonym | None) -> int:
        """Rewrite every partition that names the customer; say how many there were.

        None removes every partition of the store.
        """
        ...
