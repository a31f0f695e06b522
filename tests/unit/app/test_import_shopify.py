"""Files of JSON lines give the rows that webhooks and bulk operations give, and each once."""

import gzip
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from orders_export import write_customers, write_orders

from shopwright.admin.documents import bulk_query
from shopwright.app.bootstrap import open_feed, open_ledger
from shopwright.app.cli.program import run
from shopwright.app.settings import load
from shopwright.core.types.identity import StoreId
from shopwright.core.types.order import OrderVersion
from shopwright.simulator.admin.bulk import BulkQuery
from shopwright.simulator.admin.holdings import Holdings
from shopwright.simulator.admin.schema import schema
from shopwright.simulator.profile import Scale
from shopwright.simulator.stores import KINARI_TEA, open_store

END_US = 1_790_000_000_000_000
STORE = KINARI_TEA.domain
ADD = ("--store", STORE, "--currency", "JPY", "--timezone", "Asia/Tokyo")


class Files:
    """One shop's history in two files."""

    def __init__(self, folder: Path) -> None:
        scale = Scale(customers=25, days=60, fulfilment_told_share=0)
        webhooks = list(open_store(KINARI_TEA, END_US, 2, scale).webhooks())
        holdings = Holdings()
        holdings.tell_all(webhooks)
        self.holdings = holdings
        self.orders = len(holdings._orders.payloads())
        lines = [
            line
            for _, line in BulkQuery(schema(), bulk_query("orders", "")).lines(
                iter(list(holdings.orders()))
            )
        ]
        np.random.default_rng(1).shuffle(lines)
        self.bulk = folder / "orders.jsonl"
        self.bulk.write_bytes(b"\n".join(lines))
        self.webhooks = folder / "webhooks.jsonl.gz"
        with gzip.open(self.webhooks, "wb") as file:
            file.write(b"\n")
            for number, one in enumerate(webhooks):
                body = one.body.decode() if number % 2 else json.loads(one.body)
                told = {"topic": one.topic, "webhook_id": one.webhook_id, "body": body}
                file.write(json.dumps(told).encode() + b"\n")
            file.write(b"no json\n")
            file.write(b'{"topic":"customers/redact","webhook_id":"x","body":{}}\n')
            file.write(b'{"topic":"imports/order","webhook_id":"y","body":{}}\n')
        self.refused = [len(webhooks) + 1 + number for number in (1, 2, 3)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("lines"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert run(["init"]) == 0
    return tmp_path


def newest() -> dict[bytes, OrderVersion]:
    feed = open_feed(load())
    found = {}
    for month in feed.changed_months(0):
        if month.store_id == StoreId(STORE) and month.holds == "orders":
            for version in feed.month_orders(month):
                found[bytes(version.order)] = version
    return found


def states() -> dict[bytes, tuple[object, ...]]:
    return {
        key: (one.customer, one.valid, one.gross_minor, one.refund_minor, one.lines)
        for key, one in newest().items()
    }


def test_both_files_give_the_same_orders(
    files: Files, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bulk = ["import", str(files.bulk), "--format", "shopify-bulk-jsonl"]
    assert run([*bulk, *ADD]) == 0
    assert f"{files.orders:,} orders: {files.orders:,} are new" in capsys.readouterr().out
    by_bulk = states()
    assert len(by_bulk) == files.orders
    assert run([*bulk, "--store", STORE]) == 0
    assert f"{files.orders:,} orders: 0 are new" in capsys.readouterr().out
    hooks = ["import", str(files.webhooks), "--format", "webhooks-jsonl", "--store", STORE]
    assert run(hooks) == 0
    said = capsys.readouterr().out
    assert "no JSON object with topic" in said
    assert "a privacy request" in said
    assert "a topic that is not Shopify's" in said
    assert f"lines {', '.join(map(str, files.refused))}" in said
    both = states()
    assert {key: both[key] for key in by_bulk} == by_bulk
    assert run(hooks) == 0
    assert " 0 are new" in capsys.readouterr().out
    assert open_ledger(load(), read_only=True).through()


def test_a_file_that_is_none_changes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = home / "wrong.jsonl"
    wrong.write_bytes(msgspec.json.encode({"id": "gid://shopify/Thing/1", "__typename": "Thing"}))
    given = ["import", str(wrong), "--format", "shopify-bulk-jsonl", *ADD]
    assert run(given) == 2
    assert "expected the file of a bulk operation" in capsys.readouterr().err
    wrong.write_bytes(b'{"id":"gid://shopify/LineItem/1","__parentId":"gid://shopify/Order/9"}')
    assert run(given) == 2
    assert run(["import", "absent.jsonl", "--format", "webhooks-jsonl", *ADD]) == 2


def test_the_orders_export_is_taken_until_shopify_tells_the_orders_whole(
    files: Files, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orders, people = home / "orders_export.csv", home / "customers_export.csv"
    write_orders(orders, files.holdings._orders.payloads())
    write_customers(people, files.holdings._customers.payloads())
    export = ["import", str(orders), "--format", "shopify-orders-csv", "--customers", str(people)]
    assert run([*export, *ADD]) == 0
    said = capsys.readouterr().out
    assert f"{files.orders:,} orders" in said
    assert " taken, 0 not" in said
    in_part = states()
    assert len(in_part) == files.orders
    assert run([*export, "--store", STORE]) == 0
    assert " 0 events are new" in capsys.readouterr().out
    bulk = ["import", str(files.bulk), "--format", "shopify-bulk-jsonl", "--store", STORE]
    assert run(bulk) == 0
    whole = states()
    assert whole.keys() == in_part.keys()
    assert run([*export, "--store", STORE]) == 0
    assert states() == whole


def test_a_file_that_is_no_export_leaves_no_store(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = home / "wrong.csv"
    wrong.write_text("Name,Email\n#1,ann@example.com\n")
    given = ["import", str(wrong), "--format", "shopify-orders-csv", *ADD]
    assert run(given) == 2
    said = capsys.readouterr().err
    assert "lacks Id" in said
    assert "ann@example.com" not in said
    assert run(["stores", "list"]) == 0
    assert STORE not in capsys.readouterr().out
    right = home / "right.csv"
    write_orders(right, [])
    assert run(["import", str(right), *given[2:], "--customers", str(wrong)]) == 2
    assert "lacks Customer ID" in capsys.readouterr().err
    assert run(["stores", "list"]) == 0
    assert STORE not in capsys.readouterr().out
    both = ["import", str(wrong), "--customers", str(wrong), *ADD]
    assert run(both) == 2
    assert "--customers goes with" in capsys.readouterr().err
