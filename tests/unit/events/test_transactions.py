"""From rows to orders: what is kept, what is taken back, and that every row is counted once."""

from collections import Counter
from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from transaction_tables import Row, fates, minute, settled

from shopwright.core.clock import from_datetime
from shopwright.events.imported import ImportedOrder, encode
from shopwright.events.settled_orders import Counts, counts, orders, products
from shopwright.events.transaction_rows import Fate


def _orders(rows: list[Row], batch_rows: int = 100) -> list[ImportedOrder]:
    return list(orders(settled(rows, batch_rows=batch_rows), "GBP"))


def _us(*parts: int) -> int:
    return from_datetime(datetime(*parts, tzinfo=UTC))


def test_an_invoice_is_an_order_with_its_lines_in_file_order() -> None:
    rows = [
        Row(invoice="1002", sku="22", occurred_at="2010-03-01 10:01", unit_price="0.125"),
        Row(invoice="1001", sku="POST"),
        Row(invoice="1001", sku="33", quantity="2", customer_id=None),
        Row(invoice="1002", sku="11", occurred_at="2010-03-01 10:00", description=None),
        Row(invoice="1001", sku="33", quantity="2", customer_id="7.0"),
    ]
    first, second = _orders(rows)
    assert (first.order_id, first.customer_id, first.occurred_us) == (
        "1001", "7", _us(2010, 3, 1, 10),
    )  # fmt: skip
    assert [(li.line_id, li.sku, li.quantity, li.unit_price_minor) for li in first.lines] == [
        ("2", "33", 2, 250), ("3", "33", 2, 250),
    ]  # fmt: skip
    assert second.occurred_us == _us(2010, 3, 1, 10)
    assert [(li.line_id, li.product_id, li.variant_id, li.title) for li in second.lines] == [
        ("1", "22", "22", "BLUE MUG"), ("2", "11", "11", None),
    ]  # fmt: skip
    assert second.lines[0].unit_price_minor == 12
    assert first.currency == second.currency == "GBP"


def test_an_invoice_is_one_persons_and_another_name_on_it_is_refused() -> None:
    rows = [Row(customer_id=who) for who in (None, "1", "2", "1", "2")]
    found = settled(rows)
    assert fates(found) == [
        Fate.LINE, Fate.LINE, Fate.OTHER_CUSTOMER, Fate.LINE, Fate.OTHER_CUSTOMER,
    ]  # fmt: skip
    (order,) = orders(found, "GBP")
    assert order.customer_id == "1"
    assert [line.line_id for line in order.lines] == ["1", "2", "4"]


def test_a_guest_order_is_taken_and_counted_as_one() -> None:
    rows = [Row(customer_id=None), Row(invoice="2", customer_id=None), Row(invoice="3")]
    found = settled(rows)
    assert [order.customer_id for order in orders(found, "GBP")] == [None, None, "13085"]
    assert (counts(found).orders, counts(found).guests) == (3, 2)


def test_a_later_cancellation_is_a_refund_of_its_own_date() -> None:
    rows = [
        Row(quantity="6"),
        Row(sku="22", quantity="1"),
        Row(invoice="C1", quantity="-2", occurred_at="2010-03-05 09:00", unit_price="2.40"),
        Row(invoice="C1", quantity="-3", occurred_at="2010-03-05 09:01"),
    ]
    found = settled(rows)
    (order,) = orders(found, "GBP")
    (refund,) = order.refunds
    assert (refund.refund_id, refund.known_us) == ("C1", _us(2010, 3, 5, 9))
    assert refund.lines == (("1", 5, 2 * 240 + 3 * 250),)
    assert order.cancelled_us is None
    assert counts(found).cancellations_matched == 2


def test_a_refund_pays_back_no_more_than_the_line_brought_in() -> None:
    rows = [
        Row(quantity="2", unit_price="1.00"),
        Row(invoice="C1", quantity="-1", unit_price="1.90", occurred_at="2010-03-02"),
        Row(invoice="C2", quantity="-1", unit_price="1.90", occurred_at="2010-03-03"),
    ]
    (order,) = _orders(rows)
    assert [refund.lines for refund in order.refunds] == [(("1", 1, 190),), (("1", 1, 10),)]


def test_an_order_taken_back_whole_on_its_own_day_is_cancelled_at_the_last_reversal() -> None:
    rows = [
        Row(sku="1", quantity="6"),
        Row(sku="2", quantity="4"),
        Row(sku="POST", quantity="1"),
        Row(invoice="C1", sku="1", quantity="-6", occurred_at="2010-03-01 12:00"),
        Row(invoice="C2", sku="2", quantity="-4", occurred_at="2010-03-01 23:59"),
    ]
    (order,) = _orders(rows)
    assert (order.cancelled_us, order.refunds) == (_us(2010, 3, 1, 23, 59), ())
    # one unit that stays, or one minute past midnight, and it is an order with refunds
    (kept,) = _orders([*rows[:4], rows[4]._replace(quantity="-3")])
    assert kept.cancelled_us is None
    assert [refund.refund_id for refund in kept.refunds] == ["C1", "C2"]
    (late,) = _orders([*rows[:4], rows[4]._replace(occurred_at="2010-03-02 00:00")])
    assert late.cancelled_us is None
    assert len(late.refunds) == 2


def test_the_day_is_the_stores_and_not_utcs() -> None:
    # both instants fall on 30 June in UTC
    rows = [
        Row(occurred_at="2010-06-30 23:30:00Z", quantity="1"),
        Row(invoice="C1", occurred_at="2010-07-01 21:00:00Z", quantity="-1"),
    ]
    (order,) = _orders(rows)
    assert order.cancelled_us == _us(2010, 7, 1, 21)
    # and these on 1 July in UTC, but the second is after midnight in London
    rows[0] = rows[0]._replace(occurred_at="2010-07-01 09:00:00Z")
    rows[1] = rows[1]._replace(occurred_at="2010-07-01 23:30:00Z")
    (order,) = _orders(rows)
    assert (order.cancelled_us, len(order.refunds)) == (None, 1)


def test_a_cancellation_that_comes_before_its_order_is_not_matched() -> None:
    rows = [Row(invoice="C1", quantity="-6", occurred_at="2010-03-01 09:59"), Row()]
    found = settled(rows)
    assert fates(found)[0] == Fate.CANCELLATION_WITHOUT_ORDER
    assert _orders(rows)[0].refunds == ()
    same_minute = [rows[0]._replace(occurred_at="2010-03-01 10:00"), rows[1]]
    assert fates(settled(same_minute))[0] == Fate.MATCHED


def test_what_finds_no_units_is_counted_with_its_reason() -> None:
    rows = [
        Row(quantity="4"),
        Row(invoice="C1", quantity="-6", occurred_at="2010-03-02"),
        Row(invoice="C2", quantity="-1", occurred_at="2010-03-03"),
        Row(invoice="C3", sku="99", quantity="-2", occurred_at="2010-03-03"),
        Row(invoice="C4", quantity="-3", occurred_at="2010-03-03", customer_id=None),
    ]
    found = counts(settled(rows))
    assert found.cancellations_partly_matched == 1
    assert found.refused == {
        "cancellation_without_customer": 1,
        "cancellation_without_order": 1,
        "cancellation_without_units": 1,
    }
    assert found.unmatched_units == {
        "partly_matched": 2,
        "cancellation_without_units": 1,
        "cancellation_without_order": 2,
        "cancellation_without_customer": 3,
    }


def test_units_that_another_cancellation_of_the_minute_took_were_there_once() -> None:
    rows = [Row(), *[Row(invoice=f"C{n}", quantity="-6") for n in range(2)]]
    assert fates(settled(rows))[1:] == [Fate.MATCHED, Fate.CANCELLATION_WITHOUT_UNITS]


def test_exact_repeats_of_a_line_are_kept() -> None:
    (order,) = _orders([Row(), Row()])
    assert [line.quantity for line in order.lines] == [6, 6]


def test_a_product_is_called_what_most_of_its_lines_call_it() -> None:
    rows = [
        Row(invoice="9", sku="1", description="MUG, BLUE", occurred_at="2010-05-01"),
        Row(invoice="8", sku="1", description="BLUE MUG"),
        Row(invoice="8", sku="1", description="BLUE MUG"),
        Row(sku="2", description="B"),
        Row(sku="2", description="A"),
        Row(sku="3", description=None),
        Row(sku="4", description="?", unit_price="0"),
    ]
    found = [(p.product_id, p.sku, p.title, p.category) for p in products(settled(rows))]
    assert found == [("1", "1", "BLUE MUG", ""), ("2", "2", "A", ""), ("3", "3", "3", "")]
    assert next(products(settled(rows))).known_us == _us(2010, 3, 1, 10)


def test_an_empty_table_tells_nothing() -> None:
    found = settled([])
    assert list(orders(found, "GBP")) == []
    assert list(products(found)) == []
    assert counts(found) == Counts(
        rows=0, lines=0, cancellations_matched=0, cancellations_partly_matched=0, refused={},
        unmatched_units={}, orders=0, guests=0, products=0, refunds=0, orders_cancelled=0,
    )  # fmt: skip


# few instants, so that many rows share one
_minutes = st.integers(0, 7).map(lambda turn: minute(480 * turn))
_cells = st.builds(
    Row,
    invoice=st.sampled_from(["1", "2", "3", "C1", "C2", "C3", "A1", "", None]),
    sku=st.sampled_from(["10", "20", "POST", None]),
    quantity=st.sampled_from(["1", "2", "3", "5", "-1", "-2", "-4", "0", "x"]),
    occurred_at=_minutes | st.just("soon"),
    unit_price=st.sampled_from(["2.50", "1.25", "0", "-1", "0.001"]),
    customer_id=st.sampled_from(["7", "8", None]),
    description=st.sampled_from(["MUG", "BLUE MUG", None]),
)
_sales = st.builds(
    Row,
    invoice=st.sampled_from(["1", "2", "3", "4", "C1", "C2", "C3"]),
    sku=st.sampled_from(["10", "20"]),
    quantity=st.integers(1, 4).map(str),
    occurred_at=_minutes,
    customer_id=st.just("7"),
).map(lambda row: row._replace(quantity=f"-{row.quantity}") if row.invoice[0] == "C" else row)
_tables = st.lists(_cells, max_size=25) | st.lists(_sales, max_size=25)


@given(_tables)
def test_every_row_is_counted_once(rows: list[Row]) -> None:
    found = settled(rows)
    counted = counts(found)
    assert counted.rows == len(rows)
    assert (
        counted.lines
        + counted.cancellations_matched
        + counted.cancellations_partly_matched
        + sum(counted.refused.values())
        == len(rows)
    )
    told = list(orders(found, "GBP"))
    assert sum(len(order.lines) for order in told) == counted.lines
    assert len(told) == counted.orders
    assert sum(order.cancelled_us is not None for order in told) == counted.orders_cancelled
    assert sum(len(order.refunds) for order in told) == counted.refunds


@given(_tables)
def test_units_that_came_back_are_those_of_the_cancellations(rows: list[Row]) -> None:
    found = settled(rows)
    cancelled = sum(
        -int(found.table.quantity[place])
        for place, fate in enumerate(fates(found))
        if fate in (Fate.MATCHED, Fate.PARTLY_MATCHED) or "CANCELLATION_WITHOUT" in fate.name
    )
    back = 0
    for order in orders(found, "GBP"):
        if order.cancelled_us is not None:
            back += sum(line.quantity for line in order.lines)
        back += sum(units for refund in order.refunds for _, units, _ in refund.lines)
    assert back + sum(found.unmatched_units.values()) == cancelled


@given(_tables)
def test_a_refund_never_takes_more_than_the_line_has(rows: list[Row]) -> None:
    for order in _orders(rows):
        has = {line.line_id: line for line in order.lines}
        units: Counter[str] = Counter()
        minor: Counter[str] = Counter()
        for refund in order.refunds:
            assert refund.known_us >= order.occurred_us
            for line_id, some_units, some_minor in refund.lines:
                assert some_units > 0
                assert some_minor >= 0
                units[line_id] += some_units
                minor[line_id] += some_minor
        for line_id in units:
            assert units[line_id] <= has[line_id].quantity
            assert minor[line_id] <= has[line_id].quantity * has[line_id].unit_price_minor


@given(st.lists(_sales, min_size=8, max_size=25) | _tables, st.integers(0, 99), st.integers(1, 30))
def test_how_invoices_are_interleaved_and_batched_makes_no_difference(
    rows: list[Row], seed: int, batch_rows: int
) -> None:
    turns = [row.invoice for row in rows]
    Random(seed).shuffle(turns)
    waiting = {invoice: iter([r for r in rows if r.invoice == invoice]) for invoice in turns}
    shuffled = [next(waiting[invoice]) for invoice in turns]
    first, second = settled(rows), settled(shuffled, batch_rows=batch_rows)
    assert [encode(o) for o in orders(first, "GBP")] == [encode(o) for o in orders(second, "GBP")]
    assert list(products(first)) == list(products(second))
    assert counts(first) == counts(second)


@given(st.lists(_sales, max_size=25), st.integers(0, 3_000))
def test_a_longer_file_adds_refunds_and_never_changes_those_that_were_told(
    rows: list[Row], cut: int
) -> None:
    """The shorter file holds the invoices up to an instant, each of them whole."""
    begins = {row.invoice: row.occurred_at for row in sorted(rows, key=_time, reverse=True)}
    early = [row for row in rows if begins[row.invoice] < minute(cut)]
    later = {order.order_id: order for order in _orders(rows)}
    for order in _orders(early):
        now = later[order.order_id]
        assert (now.lines, now.customer_id) == (order.lines, order.customer_id)
        if order.cancelled_us is not None:
            assert now == order
        elif now.cancelled_us is None:
            assert now.refunds[: len(order.refunds)] == order.refunds


def _time(row: Row) -> str:
    return row.occurred_at
