"""Erasure over the real files, beside a running worker: every byte of the data folder is searched.

The test process stands for a web process: it holds keys in memory that the worker destroys.
"""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from counts import cases

from shopwright.app import bootstrap, master_key
from shopwright.app.lock import holder
from shopwright.app.redaction import outcome_of
from shopwright.app.settings import Settings, child_environment
from shopwright.core.clock import US_PER_SECOND, iso
from shopwright.core.types.event import Delivery
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.log import Position
from shopwright.core.types.prediction import Prediction
from shopwright.core.types.store import Store
from shopwright.events.webhook import Rejection, delivery_key, sign
from shopwright.pipelines.ingest import Intake
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy.receipts import verify
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store
from shopwright.simulator.webhook import SimulatedWebhook

END_US = 1_795_000_000 * US_PER_SECOND
RUNS = cases(5, 200)
SCALE = Scale(customers=max(40, RUNS + 20), days=100, fulfilment_told_share=0.1)
SECRET = b"hush"


class Canary(NamedTuple):
    """One person of the simulated shop."""

    customer_id: str
    who: Pseudonym
    texts: tuple[bytes, ...]
    webhooks: tuple[SimulatedWebhook, ...]


class Installation:
    """A data folder, a worker beside it, and the intake of a web process."""

    def __init__(self, folder: Path) -> None:
        home = folder / "home"
        self.settings = Settings(
            home=home,
            master_key_file=folder / "home.key",
            erasure_journal=folder / "home.erasures",
            erase_settle_seconds=1,
            archive_every_seconds=1,
            checkpoint_every_hours=0,
        )
        master_key.write_master_key(self.settings, os.urandom(32))
        self.shop: Shop = open_store(PROFILES[0], END_US, 7, SCALE)
        profile = self.shop.profile
        self.store_id = StoreId(profile.domain)
        zone = profile.season.timezone
        bootstrap.open_stores(self.settings).put(
            Store(store_id=self.store_id, currency=profile.currency, timezone=zone, added_us=1)
        )
        self.secrets = bootstrap.open_secrets(self.settings)
        self.secrets.add(self.store_id, SECRET)
        self.intake: Intake = bootstrap.open_intake(self.settings, "web-0")
        self.recorder = bootstrap.open_recorder(self.settings, "web-1")
        self.keys = bootstrap.open_keys(self.settings)
        self.requests = bootstrap.open_privacy_requests(self.settings)
        self.log = bootstrap.open_log(self.settings)
        self.webhooks = list(self.shop.webhooks())
        self.send(self.webhooks)

    def send(self, webhooks: list[SimulatedWebhook]) -> int:
        """Deliver webhooks as Shopify would; return how many were new."""
        events = []
        for webhook in webhooks:
            headers = {
                "x-shopify-topic": webhook.topic,
                "x-shopify-hmac-sha256": sign(SECRET, webhook.body),
                "x-shopify-shop-domain": self.store_id,
                "x-shopify-api-version": webhook.api_version,
                "x-shopify-webhook-id": webhook.webhook_id,
                "x-shopify-event-id": webhook.event_id,
                "x-shopify-triggered-at": iso(webhook.triggered_us),
            }
            now_us = time.time_ns() // 1_000
            delivery = Delivery(
                headers=tuple(headers.items()), body=webhook.body, received_us=now_us
            )
            event = self.intake.receive(delivery, self.secrets.of)
            assert not isinstance(event, Rejection), event
            events.append(event)
        return self.intake.accept(events).new

    def pseudonym(self, customer_id: str) -> Pseudonym:
        return StoreKeys(self.keys).pseudonymiser(self.store_id)("customer", customer_id)

    def canaries(self) -> list[Canary]:
        """Return people with orders, and all that was told of each."""
        people: dict[str, dict[str, Any]] = {}
        for webhook in self.webhooks:
            if webhook.topic == "orders/create":
                customer = json.loads(webhook.body)["customer"]
                if customer:
                    people[str(customer["id"])] = customer
        merged = b"".join(w.body for w in self.webhooks if w.topic == "customers/merge")
        return [
            Canary(
                customer_id,
                self.pseudonym(customer_id),
                (person["email"].encode(), person["phone"].encode(), customer_id.encode()),
                tuple(w for w in self.webhooks if customer_id.encode() in w.body),
            )
            for customer_id, person in sorted(people.items())
            if customer_id.encode() not in merged
        ]

    def predict(self, canary: Canary) -> str:
        """Log a served prediction about somebody; return its id."""
        name = f"p-{canary.customer_id}"
        prediction = Prediction(
            prediction_id=name,
            store_id=self.store_id,
            task="propensity",
            entity=canary.who,
            model_version="0" * 64,
            arm="champion",
            predicted_us=time.time_ns() // 1_000,
            margin=0.5,
            score=0.6,
            view="customer@1",
            features={"orders_total": 3},
            feature_received_us=0,
        )
        self.recorder.record([prediction])
        return name

    def redact(self, canary: Canary, number: int) -> str:
        """Ask by webhook; return the request's id."""
        person: dict[str, object] = {"id": int(canary.customer_id)}
        if number % 3 == 2:
            person = {"email": canary.texts[0].decode().upper()}
        body = {"shop_domain": self.store_id, "customer": person, "orders_to_redact": []}
        webhook = msgspec.structs.replace(
            self.webhooks[0],
            topic="customers/redact",
            body=json.dumps(body).encode(),
            webhook_id=f"redact-{number}",
            event_id=f"redact-{number}",
        )
        assert self.send([webhook]) == 1
        return delivery_key(self.store_id, webhook.webhook_id).hex()

    def taken(self) -> bool:
        """Say whether ledger and history hold all that the log holds."""
        through = bootstrap.open_ledger(self.settings, read_only=True).through()
        end = self.log.end()
        offline = bootstrap.open_offline(self.settings)
        return (
            all(through.get(name, 0) >= offset for name, offset in end.items())
            and offline.through() == bootstrap.open_feed(self.settings).revision()
        )

    def hits(self, *needles: bytes) -> list[tuple[str, bytes]]:
        """Return (file, needle) for every file of the data folder that holds one, raw bytes."""
        found = []
        places = [self.settings.home, self.settings.erasure_journal]
        files = [path for place in places for path in (place, *place.rglob("*")) if path.is_file()]
        assert len(files) > 8
        for path in files:
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            found += [(path.name, needle) for needle in needles if needle in content]
        return found

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "shopwright", *arguments],
            env=child_environment(self.settings),
            cwd=self.settings.home.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr + done.stdout
        return done


def spellings(who: Pseudonym) -> tuple[bytes, ...]:
    return (bytes(who), who.hex().encode(), base64.b64encode(who)[:20])


def until(condition: Any, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("erasure"))
    command = [sys.executable, "-m", "shopwright", "up", "--role", "worker"]
    environment = child_environment(made.settings)
    with (made.settings.home.parent / "worker.log").open("wb") as lines:
        worker = subprocess.Popen(command, env=environment, stdout=lines, stderr=lines)
    try:
        until(lambda: made.taken() or worker.poll() is not None)
        assert worker.poll() is None, (made.settings.home.parent / "worker.log").read_text()
        yield made
    finally:
        worker.terminate()
        worker.wait(20)


def test_s20_s21_s22_no_byte_of_an_erased_person_is_left_in_any_file(
    installation: Installation,
) -> None:
    chosen = np.random.default_rng(11).permutation(len(installation.canaries()))[:RUNS]
    canaries = [installation.canaries()[int(n)] for n in chosen]
    for number, canary in enumerate(canaries):
        installation.predict(canary)
        # Before: the person is there, by pseudonym only, so the search can find something.
        assert len({name for name, _ in installation.hits(*spellings(canary.who))}) >= 3
        assert not installation.hits(*canary.texts[:2])
        request_id = installation.redact(canary, number)
        # While it runs, webhooks about the person go on coming, sealed with keys in memory.
        late = [_again(w, f"late-{number}") for w in canary.webhooks]
        installation.send(late)
        until(lambda request_id=request_id: receipt_of(installation, request_id) is not None)
        until(installation.taken)
        found = installation.hits(*spellings(canary.who), *canary.texts)
        assert not found, f"run {number}, customer {canary.customer_id}"
        assert not installation.keys.open_keys(installation.store_id, [canary.who])
        # S26: every event of theirs once more, under new ids: dropped, and nothing comes back.
        assert installation.send([_again(w, f"after-{number}") for w in canary.webhooks]) <= len(
            [w for w in canary.webhooks if w.topic.startswith("products")]
        )
        assert not installation.hits(*spellings(canary.who))
    letters = bootstrap.open_dead_letters(installation.settings).find()
    assert not letters


def _again(webhook: SimulatedWebhook, tag: str) -> SimulatedWebhook:
    return msgspec.structs.replace(
        webhook, webhook_id=f"{tag}-{webhook.webhook_id}", event_id=f"{tag}-{webhook.event_id}"
    )


def receipt_of(installation: Installation, request_id: str) -> Any:
    given = installation.requests.receipts(installation.store_id)
    read = {verify(one).request_id: one for one in given}
    return read.get(request_id)


def test_s27_a_report_holds_all_that_was_ever_told_of_the_person(
    installation: Installation,
) -> None:
    canary = installation.canaries()[-1]
    name = installation.predict(canary)
    until(installation.taken)
    asked = {
        "shop_domain": installation.store_id,
        "customer": {"id": int(canary.customer_id)},
        "orders_requested": [],
        "data_request": {"id": 9999},
    }
    webhook = msgspec.structs.replace(
        installation.webhooks[0],
        topic="customers/data_request",
        body=json.dumps(asked).encode(),
        webhook_id="asked-1",
        event_id="asked-1",
    )
    installation.send([webhook])
    request_id = delivery_key(installation.store_id, "asked-1").hex()
    until(lambda: any(r.request_id == request_id for r, _ in installation.requests.open()))
    (waiting,) = json.loads(installation.run("privacy", "requests", "--json").stdout)
    assert (waiting["request_id"], waiting["kind"], waiting["overdue"]) == (
        request_id,
        "report",
        False,
    )
    installation.run("privacy", "report", "--request", request_id, "--out", "report.json")
    path = installation.settings.home.parent / "report.json"
    assert path.stat().st_mode & 0o077 == 0
    told = json.loads(path.read_text())
    assert [one["customer_id"] for one in told["customers"]] == [canary.customer_id]
    # Every webhook that names the person, or one of their orders, with its body as it was sent.
    orders = {json.loads(w.body)["id"] for w in canary.webhooks if w.topic.startswith("orders/")}
    expected = {
        w.webhook_id: json.loads(w.body)
        for w in installation.webhooks
        if w in canary.webhooks
        or (w.topic == "refunds/create" and json.loads(w.body)["order_id"] in orders)
    }
    held = {event["delivery_id"]: event["body"] for event in told["events"]}
    assert held == expected
    assert [one["body"]["prediction_id"] for one in told["predictions"]] == [name]
    assert len({version["order"] for version in told["orders"]}) == len(orders)
    assert told["features"][0]["values"]["orders_total"] >= 0
    assert told["erased"] is False
    # Answered: the request is closed, and its own body is gone from the log.
    assert json.loads(installation.run("privacy", "requests", "--json").stdout) == []
    topics = [one.event.topic for one in installation.log.read(Position({}), 1_000_000)]
    assert "customers/data_request" not in topics
    (line,) = json.loads(installation.run("audit", "--limit", "1", "--json").stdout)
    assert line["did"] == "privacy report"
    assert canary.who.hex() not in line["about"]


def test_the_command_line_erases_beside_a_worker_and_proves_it(installation: Installation) -> None:
    canary = installation.canaries()[-2]
    done = installation.run(
        *("redact", canary.customer_id, "--store", installation.store_id),
        *("--yes", "--json", "--out", "receipt.json"),
    )
    told = json.loads(done.stdout)
    assert told["state"] == "done"
    assert len(told["receipt"]["tombstones"]) > 1
    assert told["receipt"]["removed"]["log events"] >= len(canary.webhooks)
    until(installation.taken)
    assert not installation.hits(*spellings(canary.who), *canary.texts)
    # The receipt is true; with one bit flipped it is not.
    path = installation.settings.home.parent / "receipt.json"
    said = installation.run("privacy", "verify", str(path)).stdout
    assert "nothing was altered" in said
    file = json.loads(path.read_text())
    body = bytearray(file["receipt"].encode())
    body[body.index(b"asked_us") + 12] ^= 1
    path.write_text(json.dumps(file | {"receipt": body.decode()}))
    refused = installation.run("privacy", "verify", str(path), code=1)
    assert "the signature does not fit" in refused.stderr
    asked = ["privacy", "receipts", "--store", installation.store_id]
    (found,) = json.loads(
        installation.run(*asked, "--customer", canary.customer_id, "--json").stdout
    )
    assert found["request_id"] == told["request_id"]
    assert outcome_of(
        installation.settings, _named(told["request_id"], installation.store_id)
    ).receipt


def _named(request_id: str, store_id: StoreId) -> Any:
    from shopwright.core.types.privacy import PrivacyRequest

    return PrivacyRequest(
        request_id=request_id, store_id=store_id, kind="erase_customer", origin="", asked_us=0
    )


def test_an_erasure_is_not_done_by_a_slip_of_the_hand(installation: Installation) -> None:
    store = ("--store", installation.store_id)
    assert "say --yes" in installation.run("redact", "1", *store, code=2).stderr
    assert "say who is meant" in installation.run("redact", *store, "--yes", code=2).stderr
    both = installation.run("redact", "1", *store, "--whole-store", "--yes", code=2)
    assert "name no person with it" in both.stderr
    wrong = installation.run("redact", "--email", "nobody", *store, "--yes", code=2)
    assert "neither an e-mail address nor a phone number" in wrong.stderr
    assert holder(installation.settings.home / "ledger" / "00.lock") is not None
