from msgspec.structs import replace

from shopwright.core.types.customer import CustomerFact, CustomerMerge
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import (
    UNTIL_FOREVER_US,
    Line,
    OrderDeletion,
    OrderFact,
    OrderVersion,
)
from shopwright.privacy.erasure import version_without_customer, without_customer

ANNA, BEN, ORDER = (Pseudonym(bytes([n]) * 16) for n in (1, 2, 3))
LINE = Line(
    line_id="1",
    product_id="2",
    variant_id="3",
    sku=None,
    quantity=1,
    gross_minor=500,
    gift_card=False,
)
FACT = OrderFact(
    order=ORDER,
    customer=ANNA,
    occurred_us=1,
    created_us=1,
    updated_us=1,
    triggered_us=0,
    test=False,
    confirmed=True,
    cancelled_us=None,
    voided=False,
    edited_off=(),
    lines=(LINE,),
    refunds=(),
)
ABOUT_ANNA = CustomerFact(
    customer=ANNA, created_us=None, updated_us=1, triggered_us=0, state="enabled", deleted=False
)


def test_an_order_stays_and_names_nobody() -> None:
    deletion = OrderDeletion(order=ORDER, known_us=2)
    assert without_customer([FACT, deletion], ANNA) == (replace(FACT, customer=None), deletion)


def test_what_is_only_about_the_person_vanishes() -> None:
    tellings: list[Telling] = [
        ABOUT_ANNA,
        CustomerMerge(merged=ANNA, kept=BEN, known_us=1),
        CustomerMerge(merged=BEN, kept=ANNA, known_us=1),
    ]
    assert without_customer(tellings, ANNA) == ()


def test_other_people_are_left_alone() -> None:
    tellings: list[Telling] = [replace(FACT, customer=BEN), replace(ABOUT_ANNA, customer=BEN)]
    assert without_customer(tellings, ANNA) == tuple(tellings)


def test_a_version_without_its_customer_is_not_valid_but_keeps_what_was_sold() -> None:
    version = OrderVersion(
        store_id=StoreId("a"),
        order=ORDER,
        version=0,
        customer=ANNA,
        known_us=1,
        known_until_us=UNTIL_FOREVER_US,
        occurred_us=1,
        valid=True,
        gross_minor=500,
        refund_minor=0,
        lines=(LINE,),
        reconstructed=False,
        sold=True,
        discount_minor=0,
    )
    assert version_without_customer(version) == replace(version, customer=None, valid=False)
