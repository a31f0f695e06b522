"""What a simulated shop is made to do is seen by our side as what it is."""

import base64
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from double_shopify import SECRET, STORE, DoubleShopify, double_shopify
from published_schema import webhook_schemas

from shopwright.app.bootstrap import open_audit
from shopwright.app.healing import Healer
from shopwright.app.shopify import open_shopify
from shopwright.core.clock import SystemClock
from shopwright.core.types.log import Appended
from shopwright.simulator.admin.deliveries import Due

HERE = "http://127.0.0.1:8400/webhooks"


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoubleShopify]:
    with double_shopify(tmp_path, monkeypatch) as running:
        running.shops[STORE].declare_compliance(HERE, SystemClock().now_us())
        yield running


def tell(double: DoubleShopify, what: str, **given: Any) -> Any:
    request = urllib.request.Request(
        f"{double.address}/{STORE}/simulate/{what}", json.dumps(given).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())["said"]


def due(double: DoubleShopify, hours: float = 0) -> list[Due]:
    now_us = SystemClock().now_us()
    return double.shops[STORE].due(now_us + round(hours * 3_600_000_000))


def heal(double: DoubleShopify) -> str:
    shopify = open_shopify(double.settings)
    healer = Healer(shopify, lambda events: Appended(new=len(events), duplicates=0))
    known = shopify.connections.get(STORE)
    assert known is not None
    return healer.heal(known, compare=False).trouble


def did(double: DoubleShopify) -> list[tuple[str, str]]:
    entries = open_audit(double.settings).of(100)
    return [(one.did, one.about) for one in entries if one.who == "healer"]


def test_an_app_that_was_removed_is_noticed_and_noted_once(double: DoubleShopify) -> None:
    assert double.connect(STORE, "--no-backfill") == 0
    assert heal(double) == ""
    assert tell(double, "uninstall") == 2
    (told,) = (one for one in due(double) if one.headers["x-shopify-topic"] == "app/uninstalled")
    assert told.uri == HERE
    assert "uninstalled" in heal(double) or "not installed" in heal(double)
    heal(double)
    known = open_shopify(double.settings).connections.get(STORE)
    assert known is not None
    assert known.state == "authorise_again"
    assert did(double) == [("token refused", "revoked, or the app was uninstalled")]
    (forget,) = due(double, hours=49)
    assert forget.headers["x-shopify-topic"] == "shop/redact"
    assert due(double, hours=49) == []


def test_narrower_scopes_are_noticed_and_noted(double: DoubleShopify) -> None:
    assert double.connect(STORE, "--no-backfill") == 0
    kept = ["read_orders", "read_customers", "read_products"]
    assert tell(double, "scopes", scopes=kept) == 1
    assert heal(double) == ""
    known = open_shopify(double.settings).connections.get(STORE)
    assert known is not None
    assert set(known.scopes) == set(kept)
    ((what, about),) = did(double)
    assert what == "scopes lost"
    assert "read_inventory" in about


def test_everything_told_is_signed_and_has_the_published_shape(double: DoubleShopify) -> None:
    assert double.connect(STORE, "--no-backfill") == 0
    customer = tell(double, "customers")[0]
    for what, given in (
        ("data-request", {"customer": customer}),
        ("redact", {"customer": customer}),
        ("scopes", {"scopes": ["read_orders", "read_customers"]}),
        ("shop-redact", {}),
        ("uninstall", {}),
    ):
        assert tell(double, what, **given) >= 1
    found = due(double)
    assert [one.headers["x-shopify-topic"] for one in found] == [
        "customers/data_request",
        "customers/redact",
        "app/scopes_update",
        "shop/redact",
        "app/uninstalled",
    ]
    for one in found:
        digest = hmac.digest(SECRET.encode(), one.body, "sha256")
        assert one.headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()
        schema = webhook_schemas()[one.headers["x-shopify-topic"]]["schema"]
        jsonschema.validate(json.loads(one.body), _loose(schema))


def _loose(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that does not ask for every key of its example."""
    return {name: of for name, of in schema.items() if name != "required"}


def test_webhooks_are_lost_doubled_and_sent_again_on_command(double: DoubleShopify) -> None:
    assert double.connect(STORE, "--no-backfill") == 0
    customer = tell(double, "customers")[0]

    def sent(**faults: float) -> list[Due]:
        tell(double, "webhooks", **faults)
        for _ in range(40):
            tell(double, "redact", customer=customer)
        return due(double)

    assert len(sent()) == 40
    assert len(sent(dropped_share=1)) == 0
    doubled = sent(dropped_share=0, doubled_share=1)
    assert len(doubled) == 80
    assert len({one.headers["x-shopify-webhook-id"] for one in doubled}) == 40
    assert len(sent(doubled_share=0, late_share=1)) == 0
    assert len(due(double, hours=24)) == 40
    assert len(sent(late_share=0, stale_share=1)) == 40
    assert len(due(double, hours=24)) == 40


def test_what_cannot_be_done_is_said(double: DoubleShopify) -> None:
    for what, given in (
        ("nothing", {}),
        ("redact", {"customer": 5}),
        ("redact", {}),
        ("fault", {"unknown": 1}),
        ("outage", {"seconds": "long"}),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            tell(double, what, **given)
        assert refused.value.code == 400
        assert what in json.loads(refused.value.read())["error"]
