"""S27: what a person is told is complete against what was sent, and being told is recorded."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from erasing_home import Canary, Installation, until

from shopwright.core.types.log import Position
from shopwright.simulator.profile import Scale

SCALE = Scale(customers=40, days=100, fulfilment_told_share=0.1)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("report"), SCALE)
    made.start()
    try:
        until(made.taken)
        yield made
    finally:
        made.stop()


def sent_of(installation: Installation, canary: Canary) -> dict[str, Any]:
    """Return every webhook that names the person, or one of their orders, as it was sent."""
    orders = {json.loads(w.body)["id"] for w in canary.webhooks if w.topic.startswith("orders/")}
    return {
        w.webhook_id: json.loads(w.body)
        for w in installation.webhooks
        if w in canary.webhooks
        or (w.topic == "refunds/create" and json.loads(w.body)["order_id"] in orders)
    }


def test_s27_a_report_holds_all_that_was_ever_told_of_the_person(
    installation: Installation,
) -> None:
    canary = installation.canaries()[-1]
    name = installation.predict(canary)
    guest = {
        "id": 77_000_001, "created_at": "2026-09-20T10:00:00Z", "currency": "GBP",
        "updated_at": "2026-09-20T10:00:00Z", "email": canary.email.upper(), "customer": None,
        "line_items": [{"id": 1, "product_id": 5, "quantity": 3, "price": "12.50"}],
    }  # fmt: skip
    installation.tell("orders/create", guest, "guest-1")
    asked = {
        "shop_domain": installation.store_id,
        "customer": {"id": int(canary.customer_id)},
        "orders_requested": [],
        "data_request": {"id": 9999},
    }
    request_id = installation.tell("customers/data_request", asked, "asked-1")
    until(lambda: any(r.request_id == request_id for r, _ in installation.requests.open()))
    (waiting,) = json.loads(installation.run("privacy", "requests", "--json").stdout)
    assert (waiting["request_id"], waiting["kind"]) == (request_id, "report")
    assert waiting["overdue"] is False
    answer = ["--request", request_id, "--out", "report.json", "--text", "report.txt"]
    installation.run("privacy", "report", *answer)
    for kind in ("json", "txt"):
        assert (installation.folder / f"report.{kind}").stat().st_mode & 0o077 == 0
    told = json.loads((installation.folder / "report.json").read_text())
    assert [one["customer_id"] for one in told["customers"]] == [canary.customer_id]
    held = {event["delivery_id"]: event["body"] for event in told["events"]}
    assert held == sent_of(installation, canary) | {"guest-1": guest}
    assert [one["body"]["prediction_id"] for one in told["predictions"]] == [name]
    orders = {json.loads(w.body)["id"] for w in canary.webhooks if w.topic.startswith("orders/")}
    assert len({version["order"] for version in told["orders"]}) == len(orders) + 1
    assert 3_750 in {version["gross_minor"] for version in told["orders"]}
    assert told["features"][0]["values"]["orders_total"] >= 0
    assert told["erased"] is False
    text = (installation.folder / "report.txt").read_text()
    for said in (canary.customer_id, canary.email, "Zoë", "37.50 GBP", "propensity: 0.600"):
        assert said in text, said
    assert not [mark for mark in text if not mark.isprintable() and mark != "\n"]
    # Answered: the request is closed, and its own body is gone from the log.
    assert json.loads(installation.run("privacy", "requests", "--json").stdout) == []
    topics = [one.event.topic for one in installation.log.read(Position({}), 1_000_000)]
    assert "customers/data_request" not in topics
    (line,) = json.loads(installation.run("audit", "--limit", "1", "--json").stdout)
    assert line["did"] == "privacy report"
    assert canary.who.hex() not in line["about"]
    assert canary.customer_id not in line["about"]


def test_s27_an_address_finds_a_guest_and_an_erased_person_is_told_of_nothing(
    installation: Installation,
) -> None:
    store = ("--store", installation.store_id)
    canary = installation.canaries()[0]
    by_address = json.loads(
        installation.run("privacy", "report", "--email", canary.email, *store).stdout
    )
    assert [one["customer_id"] for one in by_address["customers"]] == [canary.customer_id]
    assert by_address["events"]
    installation.await_receipt(installation.redact(canary, 0))
    after = json.loads(installation.run("privacy", "report", canary.customer_id, *store).stdout)
    assert after["erased"] is True
    for kind in ("events", "orders", "predictions", "features", "models", "open_requests"):
        assert after[kind] == [], kind
    installation.run("privacy", "report", canary.customer_id, *store, "--text", "erased.txt")
    assert "You were erased" in (installation.folder / "erased.txt").read_text()
    nobody = installation.run("privacy", "report", "--email", "nobody@example.com", *store)
    assert json.loads(nobody.stdout)["events"] == []
    neither = installation.run("privacy", "report", *store, code=2)
    assert "name a customer" in neither.stderr
