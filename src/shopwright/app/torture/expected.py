"""What the installation must hold in the end, worked out the obvious way.

Each webhook is read once, in the order in which the shops fired them; every document's chain is
drawn from all that was told of it. No log, no batches, no transactions: nothing to kill.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from shopwright.app.torture.traffic import Parcel
from shopwright.core.types.customer import CustomerMerge
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document, Telling
from shopwright.core.types.order import OrderFact, OrderVersion
from shopwright.core.types.product import ProductVersion
from shopwright.core.types.store import Store
from shopwright.events import order_chain, product_chain
from shopwright.events.shopify import read
from shopwright.pipelines.draft import gathered_of
from shopwright.pipelines.unseal import documents_of, merges_of

Pseudonymise = Callable[[str, str], Pseudonym]
Customer = tuple[StoreId, Pseudonym]


class Expected(Struct, frozen=True, kw_only=True):
    """Every document by content."""

    tellings: Mapping[Document, Sequence[Telling]]
    orders: Mapping[Document, Sequence[OrderVersion]]
    products: Mapping[Document, Sequence[ProductVersion]]

    def customers(self) -> Mapping[Customer, Sequence[OrderVersion]]:
        """Return the versions that name each customer."""
        found: dict[Customer, list[OrderVersion]] = defaultdict(list)
        for chain in self.orders.values():
            for version in chain:
                if version.customer is not None:
                    found[version.store_id, version.customer].append(version)
        return found

    def orders_of(self, customer: Customer) -> set[Document]:
        """Return the orders of which any telling names the customer."""
        store_id, who = customer
        return {
            document
            for document, told in self.tellings.items()
            if document.store_id == store_id
            and any(isinstance(one, OrderFact) and one.customer == who for one in told)
        }


def expect(
    parcels: Iterable[Parcel],
    stores: Mapping[StoreId, Store],
    pseudonymisers: Mapping[StoreId, Pseudonymise],
) -> Expected:
    """Return what follows from these deliveries, each taken once."""
    told: dict[Document, list[Telling]] = defaultdict(list)
    for parcel in parcels:
        webhook = parcel.webhook
        for telling in read(
            webhook.topic,
            webhook.body,
            stores[parcel.store_id],
            pseudonymisers[parcel.store_id],
            triggered_us=webhook.triggered_us,
            received_us=webhook.triggered_us,
        ):
            for document in documents_of(parcel.store_id, telling):
                told[document].append(telling)
    tellings = {document: gathered_of(document, (), of_one) for document, of_one in told.items()}
    return Expected(
        tellings=tellings,
        orders={
            document: order_chain.chain(
                document.store_id,
                Pseudonym(document.key),
                of_one,
                _merges(tellings, document.store_id),
            )
            for document, of_one in tellings.items()
            if document.kind == "order"
        },
        products={
            document: product_chain.chain(document.store_id, document.key.decode(), of_one)
            for document, of_one in tellings.items()
            if document.kind == "product"
        },
    )


def _merges(
    tellings: Mapping[Document, Sequence[Telling]], store_id: StoreId
) -> Sequence[CustomerMerge]:
    told = tellings.get(merges_of(store_id), ())
    return [merge for merge in told if isinstance(merge, CustomerMerge)]
