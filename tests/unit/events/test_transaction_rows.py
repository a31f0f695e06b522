"""What a text in a cell means, and which of a row's faults is the one that is counted."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transaction_tables import LONDON, Row, fates, settled

from shopwright.core.clock import from_datetime
from shopwright.events.column_map import Rules
from shopwright.events.transaction_rows import (
    SAYS,
    Fate,
    identifier,
    instant_us,
    present,
    price,
    title,
    to_minor,
    whole,
)


def _utc(*parts: int) -> int:
    return from_datetime(datetime(*parts, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2009-12-01 07:45:00.000000", _utc(2009, 12, 1, 7, 45)),
        ("2010-07-01 07:45", _utc(2010, 7, 1, 6, 45)),
        ("2010-07-01T07:45:00Z", _utc(2010, 7, 1, 7, 45)),
        ("2010-07-01T07:45:00+02:00", _utc(2010, 7, 1, 5, 45)),
        ("2010-07-01", _utc(2010, 6, 30, 23, 0)),
        (" 2010-01-01 00:00:00.123456789 ", _utc(2010, 1, 1, 0, 0, 0, 123456)),
        # the clocks went forward at 01:00 UTC on 28 March 2010: 01:30 never was
        ("2010-03-28 00:59", _utc(2010, 3, 28, 0, 59)),
        ("2010-03-28 01:30", _utc(2010, 3, 28, 1, 30)),
        ("2010-03-28 02:00", _utc(2010, 3, 28, 1, 0)),
        # and back at 01:00 UTC on 31 October: 01:30 was twice, the first time in summer time
        ("2010-10-31 01:30", _utc(2010, 10, 31, 0, 30)),
        ("2010-10-31 02:00", _utc(2010, 10, 31, 2, 0)),
    ],
)
def test_a_date_without_a_zone_is_the_stores_wall_clock(text: str, expected: int) -> None:
    assert instant_us(text, LONDON) == expected


def test_a_midnight_that_the_clock_skipped_is_the_first_instant_of_the_day() -> None:
    sao_paulo = ZoneInfo("America/Sao_Paulo")  # 2010-10-17 began at 01:00, 03:00 UTC
    assert instant_us("2010-10-17", sao_paulo) == _utc(2010, 10, 17, 3, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2010-02-30",
        "01/12/2010 08:26",
        "2010-01-01 25:00",
        "1899-12-31",
        "3000-01-01",
    ],
)
def test_a_date_that_cannot_be_read_is_not_guessed(text: str) -> None:
    assert instant_us(text, LONDON) is None


def test_a_format_of_the_users_own_is_followed_and_no_other() -> None:
    day_first = "%d/%m/%Y %H:%M"
    assert instant_us("01/12/2010 08:26", LONDON, day_first) == _utc(2010, 12, 1, 8, 26)
    assert instant_us("2010-12-01 08:26", LONDON, day_first) is None


@given(st.datetimes(datetime(1971, 1, 1), datetime(2037, 1, 1)))
def test_the_wall_clock_comes_back_but_for_the_skipped_hours(wall: datetime) -> None:
    us = instant_us(wall.isoformat(), LONDON)
    assert us is not None
    back = datetime.fromtimestamp(us // 1_000_000, LONDON).replace(tzinfo=None, fold=0)
    ahead = (back - wall.replace(microsecond=0)).total_seconds()
    assert ahead in (0, 3_600)
    if ahead:
        skipped = wall.replace(tzinfo=LONDON).astimezone(UTC).astimezone(LONDON)
        assert skipped.replace(tzinfo=None) != wall  # it never was on the clock


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 12), (" -3 ", -3), ("+4", 4), ("12.0", 12), ("7.", 7), ("0012", 12),
        ("12.5", None), ("1e3", None), ("", None), ("nan", None), ("twelve", None), ("１", None),
        ("9" * 19, None),
    ],
)  # fmt: skip
def test_a_quantity_is_a_whole_number_or_nothing(text: str, expected: int | None) -> None:
    assert whole(text) == expected


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("6.95", "GBP", 695),
        ("0.125", "GBP", 12),
        ("0.135", "GBP", 14),
        ("2.675", "GBP", 268),  # as a binary float it lies below the tie
        ("1.005", "GBP", 100),
        ("1e-7", "GBP", 0),
        ("1e+20", "JPY", 10**20),
        ("12.345", "KWD", 12345),
        ("0.5", "JPY", 0),
        ("1.5", "JPY", 2),
        ("-11062.06", "GBP", -1106206),
    ],
)
def test_money_is_rounded_half_to_even_from_its_digits(
    text: str, currency: str, expected: int
) -> None:
    amount = price(text)
    assert amount is not None
    assert to_minor(amount, currency) == expected


@given(st.floats(min_value=0, max_value=1e9))
def test_a_float_price_is_worth_its_shortest_decimal(amount: float) -> None:
    read = price(repr(amount))
    assert read is not None
    assert read == Decimal(repr(amount))
    assert abs(to_minor(read, "GBP") - Decimal(amount) * 100) <= Decimal("0.50001")


@pytest.mark.parametrize("text", ["", "nan", "inf", "£2.50", "1,50", "--1", "0x10", "1_0", "٣"])
def test_what_is_not_a_plain_number_is_no_price(text: str) -> None:
    assert price(text) is None


def test_ids_lose_the_tail_of_a_spreadsheet_and_nothing_else() -> None:
    assert [identifier(t) for t in ("13085.0", " 13085 ", "C489.5", "nan", "", "1.00")] == [
        "13085", "13085", "C489.5", None, None, "1",
    ]  # fmt: skip
    assert present("85048.0") == "85048.0"


def test_a_title_fits_where_titles_go() -> None:
    assert title("\x00 BLUE\x00 MUG ") == "BLUE MUG"
    assert title("X" * 2_000) == "X" * 1_000
    assert title("NaN") is None


@pytest.mark.parametrize(
    ("row", "fate"),
    [
        (Row(), Fate.LINE),
        (Row(customer_id=None), Fate.LINE),
        (Row(invoice=None), Fate.NO_INVOICE),
        (Row(invoice=" "), Fate.NO_INVOICE),
        (Row(invoice="nan", sku=None), Fate.NO_INVOICE),
        (Row(sku=None), Fate.NO_SKU),
        (Row(sku="8" * 1_001), Fate.UNUSABLE_TEXT),
        (Row(customer_id="1\x002"), Fate.UNUSABLE_TEXT),
        (Row(occurred_at="soon"), Fate.UNREADABLE_DATE),
        (Row(occurred_at=None, quantity="x"), Fate.UNREADABLE_DATE),
        (Row(quantity="1.5"), Fate.UNREADABLE_QUANTITY),
        (Row(quantity=None), Fate.UNREADABLE_QUANTITY),
        (Row(unit_price="free"), Fate.UNREADABLE_PRICE),
        (Row(unit_price="nan"), Fate.UNREADABLE_PRICE),
        (Row(invoice="A506401", unit_price="-53594.36"), Fate.LEDGER_ADJUSTMENT),
        (Row(invoice="C496350", sku="M", quantity="1"), Fate.POSITIVE_CANCELLATION),
        (Row(sku="POST"), Fate.NOT_MERCHANDISE),
        (Row(quantity="0"), Fate.ZERO_QUANTITY),
        (Row(invoice="C1", quantity="0"), Fate.ZERO_QUANTITY),
        (Row(quantity="-4", unit_price="0"), Fate.NEGATIVE_QUANTITY),
        (Row(unit_price="0.0"), Fate.ZERO_PRICE),
        (Row(unit_price="-1"), Fate.NEGATIVE_PRICE),
        (Row(unit_price="0.004"), Fate.PRICE_BELOW_MINOR_UNIT),
        (Row(quantity="1000000001"), Fate.NUMBER_TOO_LARGE),
        (Row(quantity="1", unit_price="1e20"), Fate.NUMBER_TOO_LARGE),
        (Row(quantity="1000000", unit_price="100000.01"), Fate.NUMBER_TOO_LARGE),
        (Row(quantity="1000000", unit_price="100000.00"), Fate.LINE),
        (Row(invoice="C9", quantity="-1", customer_id=None), Fate.CANCELLATION_WITHOUT_CUSTOMER),
        (Row(invoice="C9", quantity="-1"), Fate.CANCELLATION_WITHOUT_ORDER),
    ],
)
def test_each_row_has_one_fate(row: Row, fate: Fate) -> None:
    assert fates(settled([row])) == [fate]


def test_rules_that_are_left_out_refuse_nothing() -> None:
    rules = Rules(cancellation_prefix="", ledger_prefixes=())
    rows = [Row(invoice="C1", sku="POST"), Row(invoice="A1"), Row(invoice="C2", quantity="-1")]
    assert fates(settled(rows, rules=rules)) == [Fate.LINE, Fate.LINE, Fate.NEGATIVE_QUANTITY]


def test_every_fate_that_stays_is_said_in_words() -> None:
    assert set(SAYS) == set(Fate) - {Fate.CANCELLATION}
    assert len(set(SAYS.values())) == len(SAYS)
