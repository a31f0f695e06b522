from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.money import to_minor
from shopwright.simulator.amounts import Purse, amount_text, parts
from shopwright.simulator.bill import part, tax_of
from shopwright.simulator.profile import TaxLine


@given(st.integers(-(10**9), 10**9), st.sampled_from([("GBP", 2), ("JPY", 0), ("KWD", 3)]))
def test_an_amount_is_read_back_as_what_was_written(minor: int, money: tuple[str, int]) -> None:
    currency, digits = money
    assert to_minor(amount_text(minor, digits), currency) == minor


def test_yen_have_no_decimals() -> None:
    assert amount_text(1250, 0) == "1250"
    assert amount_text(-5, 2) == "-0.05"


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**5), min_size=1, max_size=8))
def test_parts_add_up(total: int, weights: list[int]) -> None:
    shares = parts(total, weights)
    assert sum(shares) == (total if sum(weights) else 0)
    assert all(
        abs(share - total * weight / sum(weights)) < 1
        for share, weight in zip(shares, weights, strict=True)
        if sum(weights)
    )


@given(st.integers(0, 10**6), st.integers(1, 12), st.data())
def test_the_units_of_a_line_are_worth_the_line(
    minor: int, quantity: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, quantity))
    assert part(minor, quantity, 0, first) + part(minor, quantity, first, quantity - first) == minor


def test_tax_within_a_price_and_on_top_of_it() -> None:
    vat = (TaxLine("VAT", 2000),)
    assert [tax.minor for tax in tax_of(1200, vat, included=True)] == [200]
    assert [tax.minor for tax in tax_of(1200, vat, included=False)] == [240]
    two = (TaxLine("State", 725), TaxLine("County", 50))
    assert [tax.minor for tax in tax_of(10_000, two, included=False)] == [725, 50]


def test_a_set_says_what_the_shop_gets_and_what_the_customer_saw() -> None:
    pair = Purse("JPY", "USD", 0.0066).pair(5000)
    assert pair["shop_money"] == {"amount": "5000", "currency_code": "JPY"}
    assert pair["presentment_money"] == {"amount": "33.00", "currency_code": "USD"}
