"""Finds what is no longer so in the shop although nobody said it: by comparing ids, once a night.

Orders and products that are gone, customers who were merged, orders that went to another customer.
Only a list that is proven whole can say that something is missing from it, and only for what the
app can see: an order from before the visible window is out of sight, not deleted.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from shopwright.admin import documents
from shopwright.admin.slicing import created_between, kinds, up_to
from shopwright.core.clock import US_PER_DAY, Clock
from shopwright.core.errors import ShopTrouble
from shopwright.core.ports import KeyStore, Ledger, LedgerHistory
from shopwright.core.types.connection import Slice
from shopwright.core.types.event import Event, Subject
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document
from shopwright.core.types.order import OrderDeletion, OrderFact, OrderVersion
from shopwright.events import admin_gone
from shopwright.events.reading import plain_id
from shopwright.pipelines.backfill import Backfill
from shopwright.pipelines.bulk_file import BulkFile
from shopwright.pipelines.bulk_runs import BulkRuns, Job, Watch
from shopwright.pipelines.store_keys import StoreKeys

MARGIN_US = US_PER_DAY
"""What was created so close to the edge of sight, or so lately, is left for another night."""
BATCH = 1_000


class Compared(Struct, frozen=True, kw_only=True):
    """What one comparison found."""

    listed: Mapping[str, int]
    gone: Mapping[str, int]
    merged: int = 0
    moved: int = 0
    """Orders that belong to another customer now, without a merge."""


class _Ref(Struct, frozen=True, gc=False):
    id: str


class _Line(Struct, frozen=True, gc=False):
    id: str
    customer: _Ref | None = None


class _Listed(NamedTuple):
    """What the shop lists of one kind, by the ledger's keys."""

    numbers: Mapping[bytes, str]
    """Key to plain id."""
    owners: Mapping[bytes, str | None]
    """Key to the customer's plain id: of orders only."""


class Comparison:
    """Compares one store after another; the ledger is only read."""

    def __init__(
        self,
        runs: BulkRuns,
        backfill: Backfill,
        ledger: Ledger,
        history: LedgerHistory,
        keys: KeyStore,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._backfill = backfill
        self._ledger = ledger
        self._history = history
        self._keys = keys
        self._store_keys = StoreKeys(keys)
        self._clock = clock

    def run(
        self,
        store_id: StoreId,
        scopes: Collection[str],
        visible_from_us: int,
        *,
        watch: Watch = lambda _: None,
    ) -> Compared:
        """Tell the log what is no longer so. Raises ShopTrouble, also when no list was whole."""
        now_us = self._clock.now_us()
        listed: dict[str, int] = {}
        gone: dict[str, int] = {}
        merged = moved = 0
        if "products" in kinds(scopes):
            products = self._listed(store_id, "products", self._all(store_id, "products"), watch)
            missing = [key for key in self._products(store_id) if key not in products.numbers]
            listed["products"], gone["products"] = len(products.numbers), len(missing)
            self._backfill.accept([_product_gone(store_id, key, now_us) for key in missing])
        if {"orders", "customers"} <= set(kinds(scopes)):
            search = created_between(visible_from_us, now_us)
            orders = self._listed(store_id, "orders", search, watch)
            customers = self._listed(store_id, "customers", self._all(store_id, "customers"), watch)
            held = self._orders(store_id)
            visible = self._visible(store_id, held, visible_from_us + MARGIN_US, now_us - MARGIN_US)
            lost = [order for order in visible if bytes(order.order) not in orders.numbers]
            listed |= {"orders": len(orders.numbers), "customers": len(customers.numbers)}
            gone["orders"] = len(lost)
            self._orders_gone(store_id, lost, now_us)
            merged, moved = self._owners(store_id, held, orders, customers, search, watch)
        return Compared(listed=listed, gone=gone, merged=merged, moved=moved)

    def _all(self, store_id: StoreId, kind: str) -> str:
        return up_to(self._runs.newest(store_id, kind))

    def _listed(self, store_id: StoreId, kind: str, search: str, watch: Watch) -> _Listed:
        """Return everything of a kind that the shop lists."""
        pseudonymise = self._store_keys.pseudonymiser(store_id)

        def read(_one: Slice, file: BulkFile, _count: int | None) -> _Listed:
            numbers: dict[bytes, str] = {}
            owners: dict[bytes, str | None] = {}
            for text in file.root_lines():
                line = _LINE.decode(text)
                number = plain_id(line.id, "id")
                key = (
                    number.encode()
                    if kind == "products"
                    else bytes(pseudonymise(kind.removesuffix("s"), number))
                )
                numbers[key] = number
                owners[key] = plain_id(line.customer.id, "id") if line.customer else None
            return _Listed(numbers, owners)

        def given_up(one: Slice) -> _Listed:
            raise ShopTrouble(f"{store_id}: the list of {kind} is not whole: {one.why}", "partial")

        one = Slice(store_id=store_id, name=f"compare/{kind}", kind=kind, search=search)
        job = Job(query=documents.bulk_ids, read=read, given_up=given_up, noted=False)
        (found,) = self._runs.run([one], job, watch)
        return found

    def _orders(self, store_id: StoreId) -> Mapping[bytes, OrderVersion]:
        """Return the newest version of every order of the store."""
        newest: dict[bytes, OrderVersion] = {}
        for partition in self._history.changed_months(0):
            if partition.store_id == store_id and partition.holds == "orders":
                for version in self._history.month_orders(partition):
                    newest[bytes(version.order)] = version
        return newest

    def _visible(
        self, store_id: StoreId, held: Mapping[bytes, OrderVersion], from_us: int, until_us: int
    ) -> Iterator[OrderVersion]:
        """Yield the orders that ought to be in sight and of which no deletion was told."""
        keys = list(held)
        for start in range(0, len(keys), BATCH):
            asked = [Document(store_id, "order", key) for key in keys[start : start + BATCH]]
            for document, told in self._ledger.tellings(asked).items():
                created = [one.created_us for one in told if isinstance(one, OrderFact)]
                deleted = any(isinstance(one, OrderDeletion) for one in told)
                if created and not deleted and from_us <= min(created) < until_us:
                    yield held[document.key]

    def _products(self, store_id: StoreId) -> Iterator[bytes]:
        newest = {one.product_id: one for one in self._history.products(store_id)}
        before_us = self._clock.now_us() - MARGIN_US
        for product_id, version in newest.items():
            if not version.deleted and version.known_us < before_us:
                yield product_id.encode()

    def _orders_gone(self, store_id: StoreId, lost: Sequence[OrderVersion], now_us: int) -> None:
        for start in range(0, len(lost), BATCH):
            chunk = lost[start : start + BATCH]
            owners = [one.customer for one in chunk if one.customer is not None]
            named = self._keys.reveal(store_id, owners)
            self._backfill.accept([_order_gone(store_id, one, now_us, named) for one in chunk])

    def _owners(
        self,
        store_id: StoreId,
        held: Mapping[bytes, OrderVersion],
        orders: _Listed,
        customers: _Listed,
        search: str,
        watch: Watch,
    ) -> tuple[int, int]:
        """Tell of customers who were merged, and read orders again that merely moved."""
        pseudonymise = self._store_keys.pseudonymiser(store_id)
        merges: dict[Pseudonym, str] = {}
        moved: set[str] = set()
        for key, owner in orders.owners.items():
            version = held.get(key)
            if version is None or version.customer is None or owner is None:
                continue
            if pseudonymise("customer", owner) == version.customer:
                continue
            if bytes(version.customer) in customers.numbers:
                moved.add(orders.numbers[key])
            else:
                merges[version.customer] = owner
        now_us = self._clock.now_us()
        self._backfill.accept(
            [
                _merged(store_id, gone, pseudonymise("customer", kept), kept, now_us)
                for gone, kept in merges.items()
            ]
        )
        if moved:
            one = Slice(store_id=store_id, name="compare/moved", kind="orders", search=search)
            self._backfill.run([one], only=moved, watch=watch)
        return len(merges), len(moved)


def _product_gone(store_id: StoreId, key: bytes, noticed_us: int) -> Event:
    gone = admin_gone.Gone(kind="product", which=key.decode(), noticed_us=noticed_us)
    return _event(store_id, admin_gone.TOPIC, f"product:{gone.which}", gone, None)


def _order_gone(
    store_id: StoreId, order: OrderVersion, noticed_us: int, named: Mapping[Pseudonym, str]
) -> Event:
    gone = admin_gone.Gone(kind="order", which=order.order.hex(), noticed_us=noticed_us)
    # Sealed under the key of whose it was, so that their erasure takes this along.
    subject = None
    if order.customer is not None and order.customer in named:
        subject = Subject(
            kind="customer", pseudonym=order.customer, original_id=named[order.customer]
        )
    return _event(store_id, admin_gone.TOPIC, f"order:{gone.which}", gone, subject)


def _merged(
    store_id: StoreId, gone: Pseudonym, kept: Pseudonym, kept_id: str, noticed_us: int
) -> Event:
    merged = admin_gone.Merged(merged=gone.hex(), kept=kept.hex(), noticed_us=noticed_us)
    subject = Subject(kind="customer", pseudonym=kept, original_id=kept_id)
    who = f"{merged.merged}:{merged.kept}"
    return _event(store_id, admin_gone.MERGED_TOPIC, who, merged, subject)


def _event(
    store_id: StoreId,
    topic: str,
    who: str,
    body: admin_gone.Gone | admin_gone.Merged,
    subject: Subject | None,
) -> Event:
    return Event(
        store_id=store_id,
        topic=topic,
        delivery_id=f"{topic}:{who}",
        event_id=None,
        triggered_us=None,
        received_us=body.noticed_us,
        api_version=None,
        subject=subject,
        body=admin_gone.encode(body),
    )


_LINE = msgspec.json.Decoder(_Line)
