"""Random lives of orders with lines, told to a ledger in any order and in any batches."""

import random
from collections.abc import Iterator, Mapping, Sequence

from shopwright.adapters.memory_control import MemoryStores
from shopwright.adapters.memory_ledger import MemoryLedger
from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document, LedgerChanges
from shopwright.core.types.log import Position
from shopwright.core.types.order import UNTIL_FOREVER_US, Line, OrderVersion
from shopwright.core.types.store import Store
from shopwright.pipelines.books import Touched
from shopwright.pipelines.tally import ItemTally

STORE_ID = StoreId("sold.myshopify.com")
ZONES = ("UTC", "America/Sao_Paulo", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata")
CLOCKS_CHANGE_US = 1_541_289_600_000_000
"""2018-11-04, when clocks changed in Los Angeles, and in São Paulo at midnight, which was not."""
PRODUCTS = ("7", "8", "9")
PEOPLE = tuple(Pseudonym(bytes([number]) * 16) for number in range(1, 5))


class Sold:
    """A ledger with its tally; what is changed goes through one commit, as the worker does."""

    def __init__(self, zone: str) -> None:
        self.stores = MemoryStores()
        self.store = Store(store_id=STORE_ID, currency="EUR", timezone=zone, added_us=0)
        self.stores.put(self.store)
        self.ledger = MemoryLedger()
        self.tally = ItemTally(self.ledger, self.ledger, self.stores)

    def change(self, orders: Mapping[Document, Sequence[OrderVersion]]) -> None:
        """Commit changed orders with the records that they make."""
        records = self.tally.records(orders, self._touched(orders), {STORE_ID: 1})
        self.commit(orders, records)

    def commit(
        self, orders: Mapping[Document, Sequence[OrderVersion]], records: Sequence[PackedRecord]
    ) -> None:
        self.ledger.commit(
            LedgerChanges(
                tellings={},
                orders=orders,
                products={},
                records=records,
                dead_letters=(),
                through=Position({}),
            )
        )

    def _touched(self, orders: Mapping[Document, Sequence[OrderVersion]]) -> Iterator[Touched]:
        before = self.ledger.orders_of(STORE_ID, PEOPLE)
        for person in PEOPLE:
            kept = [v for v in before[person] if Document(STORE_ID, "order", v.order) not in orders]
            new = [v for chain in orders.values() for v in chain if v.customer == person]
            yield Touched(STORE_ID, person, before[person], [*kept, *new])

    def versions(self) -> list[OrderVersion]:
        return list(self.ledger.order_versions())

    def states(self) -> dict[tuple[str, bytes], bytes]:
        """Return every packed record by view and entity."""
        return {
            (view.name, record.entity): record.state
            for view in self.tally.views
            for record in self.ledger.packed_records(view.name)
        }


def lives(seed: int, orders: int = 25) -> Iterator[dict[Document, tuple[OrderVersion, ...]]]:
    """Yield batches of changed orders; most orders change more than once."""
    draw = random.Random(seed)
    told = [draw.randrange(orders) for _ in range(2 * orders)]
    while told:
        batch = {told.pop() for _ in range(min(len(told), draw.randint(1, 5)))}
        yield {_document(number): _chain(draw, number) for number in batch}


def _document(number: int) -> Document:
    return Document(STORE_ID, "order", number.to_bytes(16, "big"))


def _instant(draw: random.Random) -> int:
    """Return an instant within 14 months, often at a change of clocks or just beside a midnight."""
    if draw.random() < 0.3:
        return CLOCKS_CHANGE_US + draw.randrange(-8, 9) * 3_600_000_000 + draw.choice((-1, 0, 1))
    return CLOCKS_CHANGE_US + draw.randrange(-410 * US_PER_DAY, 10 * US_PER_DAY)


def _chain(draw: random.Random, number: int) -> tuple[OrderVersion, ...]:
    occurred_us = _instant(draw)
    known = sorted({occurred_us + draw.randrange(0, 40 * US_PER_DAY) for _ in range(3)})
    known = known[: draw.randint(0, 3)]
    ends = [*known[1:], UNTIL_FOREVER_US]
    return tuple(
        _version(draw, number, index, occurred_us, known_us, until_us)
        for index, (known_us, until_us) in enumerate(zip(known, ends, strict=False))
    )


def _version(
    draw: random.Random, number: int, index: int, occurred_us: int, known_us: int, until_us: int
) -> OrderVersion:
    lines = tuple(_line(draw, place) for place in range(draw.randint(0, 3)))
    customer = draw.choice((*PEOPLE, *PEOPLE, None))
    sold = draw.random() < 0.85
    merchandise = [line for line in lines if not line.gift_card]
    return OrderVersion(
        store_id=STORE_ID,
        order=Pseudonym(number.to_bytes(16, "big")),
        version=index,
        customer=customer,
        known_us=known_us,
        known_until_us=until_us,
        occurred_us=occurred_us,
        valid=sold and customer is not None,
        gross_minor=sum(line.gross_minor for line in merchandise),
        refund_minor=sum(line.refund_minor for line in merchandise),
        lines=lines,
        reconstructed=False,
        sold=sold,
        discount_minor=sum(line.discount_minor for line in merchandise),
    )


def _line(draw: random.Random, place: int) -> Line:
    quantity = draw.choice((0, 1, 1, 2, 5))
    gross = quantity * draw.choice((0, 250, 1_999))
    product = draw.choice((*PRODUCTS, None))
    return Line(
        line_id=str(place),
        product_id=product,
        variant_id=None if product is None else f"{product}-{draw.randint(1, 2)}",
        sku=None,
        quantity=quantity,
        gross_minor=gross,
        gift_card=draw.random() < 0.1,
        discount_minor=draw.choice((0, 0, 120)),
        returned=draw.randint(0, quantity),
        refund_minor=draw.randint(0, gross),
    )
