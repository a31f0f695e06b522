"""One order of one store, and how the tests draw its chain."""

from collections.abc import Sequence

from shop_payloads import STORE, pseudonymise

from shopwright.core.types.customer import CustomerMerge
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import (
    Line,
    OrderFact,
    OrderVersion,
    Refund,
)
from shopwright.events.order_chain import chain

ORDER = pseudonymise("order", "1001")
PEOPLE = [pseudonymise("customer", name) for name in "abcd"]

LINE = Line(
    line_id="11",
    product_id="501",
    variant_id="601",
    sku="MUG",
    quantity=2,
    gross_minor=2000,
    gift_card=False,
)
FACT = OrderFact(
    order=ORDER,
    customer=PEOPLE[0],
    occurred_us=90,
    created_us=100,
    updated_us=100,
    triggered_us=0,
    test=False,
    confirmed=True,
    cancelled_us=None,
    voided=False,
    edited_off=(),
    lines=(LINE,),
    refunds=(),
)
REFUND = Refund(refund_id="2001", known_us=200, lines=(("11", 1, 1000),))


def draw(
    tellings: Sequence[Telling], merges: Sequence[CustomerMerge] = ()
) -> tuple[OrderVersion, ...]:
    return chain(STORE.store_id, ORDER, tellings, merges)
