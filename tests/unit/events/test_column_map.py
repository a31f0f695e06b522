"""A column map is read strictly, and a wrong one says what is there instead."""

import pytest

from shopwright.core.errors import BadInput
from shopwright.events.column_map import DEFAULT, ColumnMap, Columns, Rules, check_columns, parse


def test_a_whole_map_is_read() -> None:
    text = """
    [columns]
    invoice = "Invoice"
    sku = "StockCode"
    quantity = "Quantity"
    occurred_at = "InvoiceDate"
    unit_price = "Price"
    customer_id = "Customer ID"
    description = ""
    category = "Department"

    [rules]
    cancellation_prefix = "R"
    ledger_prefixes = ["A", "X"]
    merchandise = '^[A-Z]{2}-'
    date_format = "%d/%m/%Y %H:%M"
    """
    found = parse(text, "map.toml")
    assert found.columns.named() == {
        "invoice": "Invoice",
        "sku": "StockCode",
        "quantity": "Quantity",
        "occurred_at": "InvoiceDate",
        "unit_price": "Price",
        "customer_id": "Customer ID",
        "category": "Department",
    }
    assert found.rules == Rules(
        cancellation_prefix="R",
        ledger_prefixes=("A", "X"),
        merchandise="^[A-Z]{2}-",
        date_format="%d/%m/%Y %H:%M",
    )


def test_an_empty_map_is_the_default_without_its_rule_of_one_shop() -> None:
    assert parse("", "map.toml") == ColumnMap(columns=DEFAULT.columns, rules=Rules())
    assert DEFAULT.rules.merchandise
    assert not parse("", "map.toml").rules.merchandise


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[columns", "not a column map"),
        ("[columns]\ninvoices = 'x'", "invoices"),
        ("[colums]\ninvoice = 'x'", "colums"),
        ("[columns]\ninvoice = 5", "int"),
        ("[columns]\nsku = ''", "sku: name the file's column"),
        ("[rules]\nmerchandise = '('", "not a regular expression"),
        ("[rules]\nledger_prefixes = ['']", "would refuse every row"),
        ("[rules]\nledger_prefixes = 'A'", "array"),
    ],
)
def test_a_map_that_cannot_be_followed_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=r"map\.toml") as caught:
        parse(text, "map.toml")
    assert says in str(caught.value)


def test_a_misspelt_column_is_answered_with_the_columns_that_exist() -> None:
    columns = Columns(sku="stock_code", customer_id="customer")
    existing = ["invoice", "stockcode", "quantity", "invoice_date", "unit_price", "description"]
    with pytest.raises(BadInput) as caught:
        check_columns(columns, existing, "orders.csv")
    told = str(caught.value)
    assert "no column 'stock_code' for sku (did you mean 'stockcode'?)" in told
    assert "no column 'customer' for customer_id, or say customer_id = \"\"" in told
    assert "Its columns are: " + ", ".join(existing) in told
    assert "--columns" in told


def test_a_column_that_is_there_twice_is_refused_only_when_it_is_read() -> None:
    existing = [*DEFAULT.columns.named().values(), "note", "note"]
    check_columns(DEFAULT.columns, existing, "orders.csv")
    with pytest.raises(BadInput, match="sku twice"):
        check_columns(DEFAULT.columns, [*existing, "sku"], "orders.csv")
