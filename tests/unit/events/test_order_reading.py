"""What an order's payload tells: money, refunds, edits, dates, and why it is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from shop_payloads import (
    MINUTE_US,
    RECEIVED_US,
    line,
    money,
    order,
    pseudonymise,
    refund,
    told,
)

from shopwright.core.errors import Unreadable
from shopwright.core.types.order import (
    Line,
    OrderDeletion,
    OrderEdit,
    OrderFact,
    Refund,
    RefundFact,
)
from shopwright.events.instant import instant_us


def at(text: str) -> int:
    us = instant_us(text)
    assert us is not None
    return us


def fact(payload: object, *, triggered_us: int | None = None) -> OrderFact:
    (telling,) = told("orders/updated", payload, triggered_us=triggered_us)
    assert isinstance(telling, OrderFact)
    return telling


def gross(**over: Any) -> int:
    (only,) = fact(order(line_items=[line(**over)])).lines
    return only.gross_minor


def test_a_whole_order() -> None:
    noon = at("2026-03-02T12:00:00Z")
    assert fact(order(), triggered_us=noon + 5) == OrderFact(
        order=pseudonymise("order", "1001"),
        customer=pseudonymise("customer", "7"),
        occurred_us=noon,
        created_us=noon,
        updated_us=noon,
        triggered_us=noon + 5,
        test=False,
        confirmed=True,
        cancelled_us=None,
        voided=False,
        edited_off=(),
        lines=(
            Line(
                line_id="11",
                product_id="501",
                variant_id="601",
                sku="MUG",
                quantity=2,
                gross_minor=2000,
                gift_card=False,
            ),
        ),
        refunds=(),
    )


def test_a_discount_loses_the_share_of_tax_that_its_line_has() -> None:
    tax = [{"price": "3.00", "price_set": money("3.00")}]
    taxed = line(price="10.00", quantity=2, tax_lines=tax) | {
        "price_set": money("10.00"),
        "discount_allocations": [{"amount": "2.00", "amount_set": money("2.00")}],
    }
    for included, expected in ((True, (1500, 166)), (False, (1800, 200))):
        (found,) = fact(order(line_items=[taxed], taxes_included=included)).lines
        assert (found.gross_minor, found.discount_minor) == expected


def test_every_discount_counts_and_the_lines_own_total_does_not() -> None:
    allocations = [
        {"amount": "1.00", "amount_set": money("1.00")},
        {"amount": "0.55", "amount_set": money("0.55")},
    ]
    assert gross(discount_allocations=allocations, total_discount="9.99") == 1845


def test_tax_is_taken_out_only_where_prices_include_it() -> None:
    taxed = line(tax_lines=[{"price": "3.33", "price_set": money("3.33")}])
    assert fact(order(line_items=[taxed])).lines[0].gross_minor == 2000
    included = fact(order(line_items=[taxed], taxes_included=True))
    assert included.lines[0].gross_minor == 1667


def test_a_line_never_brings_in_less_than_nothing() -> None:
    assert gross(discount_allocations=[{"amount": "25.00"}]) == 0


@pytest.mark.parametrize("price", ["10.00", 10, 10.0, "10"])
def test_plain_amounts_stand_in_for_missing_sets(price: object) -> None:
    assert gross(price_set=None, price=price) == 2000
    assert gross(price_set={"shop_money": None}, price=price) == 2000


def test_shop_money_is_read_and_presentment_money_never() -> None:
    assert gross(price="77.77", price_set=money("10.00")) == 2000


def test_units_that_are_neither_here_nor_refunded_were_edited_off() -> None:
    three = line(quantity=3, current_quantity=1, price_set=money("3.33"))
    assert fact(order(line_items=[three])).edited_off == (("11", 2, 666),)
    told_with_refund = fact(order(line_items=[three], refunds=[refund()]))
    assert told_with_refund.edited_off == (("11", 1, 333),)
    assert fact(order(line_items=[line(current_quantity=None)])).edited_off == ()
    assert fact(order(line_items=[line(current_quantity=5)])).edited_off == ()
    assert fact(order(line_items=[three], refunds=None)).edited_off == ()


def test_a_refund_inside_its_order() -> None:
    noon = at("2026-03-05T12:00:00Z")
    assert fact(order(refunds=[refund()])).refunds == (
        Refund(refund_id="2001", known_us=noon, lines=(("11", 1, 1000),)),
    )


def test_refunded_tax_is_taken_out_where_prices_include_it() -> None:
    lines = [
        {
            "line_item_id": 11,
            "quantity": 1,
            "subtotal_set": money("10.00"),
            "total_tax_set": money("1.67"),
        }
    ]
    taxed = refund(refund_line_items=lines)
    assert fact(order(refunds=[taxed])).refunds[0].lines == (("11", 1, 1000),)
    included = fact(order(refunds=[taxed], taxes_included=True))
    assert included.refunds[0].lines == (("11", 1, 833),)


def test_a_line_refunded_twice_in_one_refund_is_one_line() -> None:
    twice = refund()["refund_line_items"] * 2
    assert fact(order(refunds=[refund(refund_line_items=twice)])).refunds[0].lines == (
        ("11", 2, 2000),
    )


def test_lines_and_refunds_have_one_order_however_they_come() -> None:
    lines = [line(id=9), line(id=11), line(id=100)]
    refunds = [refund(id=9), refund(id=10, created_at="2026-03-03T12:00:00Z")]
    forwards = fact(order(line_items=lines, refunds=refunds))
    backwards = fact(order(line_items=lines[::-1], refunds=refunds[::-1]))
    assert forwards == backwards
    assert [one.line_id for one in forwards.lines] == ["9", "11", "100"]
    assert [one.refund_id for one in forwards.refunds] == ["10", "9"]


@pytest.mark.parametrize(
    ("financial_status", "voided"),
    [("voided", True), ("expired", True), ("refunded", False), ("pending", False), (None, False)],
)
def test_voided(financial_status: str | None, voided: bool) -> None:
    assert fact(order(financial_status=financial_status)).voided is voided


def test_what_is_missing_or_null_has_its_plain_meaning() -> None:
    least = {"id": 1, "created_at": "2026-03-02T12:00:00Z", "line_items": []}
    bare = fact(least, triggered_us=3)
    assert bare.customer is None
    assert bare.confirmed
    assert not bare.test
    assert bare.lines == ()
    assert bare.refunds == ()
    assert bare.updated_us == 3
    nulls = dict.fromkeys(order()) | least
    assert fact(nulls, triggered_us=3) == bare
    assert fact(nulls).updated_us == RECEIVED_US
    assert fact(order(confirmed=False)).confirmed is False


def test_dates_take_each_others_place() -> None:
    only_processed = fact(order(created_at=None, processed_at="2026-03-01T12:00:00Z"))
    assert only_processed.created_us == only_processed.occurred_us == at("2026-03-01T12:00:00Z")
    both = fact(order(processed_at="2019-03-01T00:00:00-05:00"))
    assert both.occurred_us == at("2019-03-01T05:00:00Z")
    assert both.created_us == at("2026-03-02T12:00:00Z")


def test_ids_are_the_same_as_numbers_text_and_graphql() -> None:
    as_text = order(
        id="1001",
        customer={"id": "gid://shopify/Customer/7"},
        line_items=[line(id="gid://shopify/LineItem/11?x=1", product_id="501", variant_id="601")],
    )
    assert fact(as_text) == fact(order())
    assert fact(order(id=None)) == fact(order())


def test_an_id_beyond_2_to_the_53_keeps_every_digit() -> None:
    big = fact(order(line_items=[line(id=9_007_199_254_740_993)]))
    assert big.lines[0].line_id == "9007199254740993"


def test_a_refund_alone() -> None:
    assert told("refunds/create", refund()) == (
        RefundFact(
            order=pseudonymise("order", "1001"),
            refund=Refund(
                refund_id="2001",
                known_us=at("2026-03-05T12:00:00Z"),
                lines=(("11", 1, 1000),),
            ),
        ),
    )
    (later,) = told("refunds/create", refund(created_at=None, processed_at="2026-03-06T00:00:00Z"))
    assert isinstance(later, RefundFact)
    assert later.refund.known_us == at("2026-03-06T00:00:00Z")


def test_a_subtotal_that_is_a_number_loses_no_digit() -> None:
    lines = [{"line_item_id": 11, "quantity": 1, "subtotal": 1234567.89}]
    (telling,) = told("refunds/create", refund(refund_line_items=lines))
    assert isinstance(telling, RefundFact)
    assert telling.refund.lines == (("11", 1, 123_456_789),)


def test_an_edit_and_a_deletion() -> None:
    edit = {"order_edit": {"order_id": 1001, "committed_at": "2026-03-04T12:00:00Z"}}
    who = pseudonymise("order", "1001")
    assert told("orders/edited", edit) == (
        OrderEdit(order=who, known_us=at("2026-03-04T12:00:00Z")),
    )
    assert told("orders/delete", {"id": 1001}, triggered_us=MINUTE_US) == (
        OrderDeletion(order=who, known_us=MINUTE_US),
    )
    assert told("orders/delete", {"id": 1001}) == (OrderDeletion(order=who, known_us=RECEIVED_US),)


def one_line(**over: Any) -> dict[str, Any]:
    return order(line_items=[line(**over)])


REFUSED: list[tuple[object, str]] = [
    ([], "Expected `object`"),
    (order(id=None, admin_graphql_api_id=None), "id is missing"),
    (order(id=0), "id is not an id"),
    (order(id=-5), "id is not an id"),
    (order(id=2**63), "id is not an id"),
    (order(id=1.0), "got `float`"),
    (order(id=True), "got `bool`"),
    (order(id="12a"), "id is not an id"),
    (order(id="١٢"), "id is not an id"),
    (order(id="gid://shopify/Order/"), "id is not an id"),
    (order(customer={"id": "someone@example.com"}), "id of the customer is not"),
    (order(created_at=None, processed_at=None), "created_at is missing"),
    (order(created_at="2026-03-02T12:00:00"), "created_at is not a date"),
    (order(created_at="2026-03-02"), "created_at is not a date"),
    (order(updated_at="Tuesday"), "updated_at is not a date"),
    (order(cancelled_at=12345), "$.cancelled_at"),
    (order(created_at="9999-12-31T23:59:59-14:00"), "outside the years"),
    (order(currency="EUR"), "its currency is EUR, the store's is GBP"),
    (order(currency="Mr Smith"), "its currency is not a currency code"),
    (one_line(price_set=money("10.00", "JPY")), "its currency is JPY"),
    (one_line(price_set=None, price=None), "a line has no price"),
    (one_line(price_set=money("ten")), "not a plain decimal"),
    (one_line(price_set=money("NaN")), "not a plain decimal"),
    (one_line(price_set=None, price="1e999999999"), "not a plain decimal"),
    (one_line(price_set=money("1" * 30)), "not a plain decimal"),
    (one_line(price_set=money("999999999999999")), "too large"),
    (one_line(quantity=10**9, price_set=money("10000000.00")), "negative or absurd"),
    (one_line(quantity=-1), "$.line_items[0].quantity"),
    (one_line(quantity=10**30), "$.line_items[0].quantity"),
    (one_line(quantity="2"), "$.line_items[0].quantity"),
    (one_line(id=None), "$.line_items[0].id"),
    (one_line(sku="MU\x00G"), "sku of a line holds a null character"),
    (one_line(sku="x" * 1_001), "sku of a line is longer"),
    (order(line_items=[line(), line()]), "two lines have the same id"),
    (order(line_items=[line(id=n, price_set=money("9e0")) for n in (1, 2)]), "plain decimal"),
    (order(refunds=[refund(), refund()]), "two refunds have the same id"),
    (order(refunds=[refund(created_at=None, processed_at=None)]), "a refund has no date"),
    (order(refunds=[refund(id=None)]), "id of a refund is missing"),
    (order(line_items={"0": line()}), "$.line_items"),
    (order(line_items=None), "line_items is missing"),
]


@pytest.mark.parametrize(("payload", "reason"), REFUSED)
def test_what_cannot_be_an_order_is_refused_with_its_reason(payload: object, reason: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        told("orders/create", payload)
    text = str(refusal.value)
    assert text.startswith("mug-shop.myshopify.com: orders/create cannot be read: ")
    assert reason in text
    assert "\n" not in text
    assert "example.com" not in text.replace("mug-shop.myshopify.com", "")
    assert "Smith" not in text


def test_absurd_sums_of_sane_lines_are_refused() -> None:
    many = [line(id=n, quantity=10**6, price_set=money("9999999.99")) for n in range(1, 11)]
    with pytest.raises(Unreadable, match="amount is too large"):
        told("orders/create", order(line_items=many))


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("refunds/create", refund(order_id=None), "order_id is missing"),
        ("refunds/create", refund(refund_line_items=[{"quantity": 1}]), "line_item_id"),
        (
            "refunds/create",
            refund(refund_line_items=[{"line_item_id": 11, "quantity": 1}]),
            "no subtotal",
        ),
        ("orders/edited", {}, "order_edit"),
        ("orders/edited", {"order_edit": {}}, "order_id"),
        ("orders/delete", {}, "`id`"),
        ("orders/delete", {"id": None}, "`id`"),
        ("orders/unheard_of", order(), "not a topic that can be read"),
    ],
)
def test_other_refusals(topic: str, payload: object, reason: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        told(topic, payload)
    assert reason in str(refusal.value)


def test_a_negative_refund_is_no_money() -> None:
    lines = [{"line_item_id": 11, "quantity": 1, "subtotal_set": money("-5.00")}]
    (telling,) = told("refunds/create", refund(refund_line_items=lines))
    assert isinstance(telling, RefundFact)
    assert telling.refund.lines == (("11", 1, 0),)


def test_currencies_of_other_exponents(monkeypatch: pytest.MonkeyPatch) -> None:
    import shop_payloads
    from msgspec.structs import replace

    read_in: Callable[[str], None] = lambda code: monkeypatch.setattr(  # noqa: E731
        shop_payloads, "STORE", replace(shop_payloads.STORE, currency=code)
    )
    for code, amount, minor in [("JPY", "1500", 3000), ("KWD", "1.234", 2468)]:
        read_in(code)
        lines = [line(price_set=money(amount, code))]
        assert fact(order(currency=code, line_items=lines)).lines[0].gross_minor == minor
