"""A real data folder with a worker beside it, and people in it of whom much is told.

The test process stands for a web process: it holds keys in memory that the worker destroys.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from byte_search import Hit, Needles, of_number, of_text, search, spellings

from shopwright.app import bootstrap, master_key
from shopwright.app.settings import Settings, child_environment
from shopwright.core.clock import US_PER_SECOND, SystemClock, iso
from shopwright.core.types.event import Delivery
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.prediction import Prediction
from shopwright.core.types.privacy import Receipt
from shopwright.core.types.store import Store
from shopwright.events.webhook import Rejection, delivery_key, sign
from shopwright.pipelines.ingest import Intake
from shopwright.pipelines.record_predictions import PredictionRecorder
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy.receipts import verify
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store
from shopwright.simulator.webhook import SimulatedWebhook

END_US = 1_795_000_000 * US_PER_SECOND
SECRET = b"hush"
PROGRAM = [sys.executable, "-m", "shopwright"]


class Canary(NamedTuple):
    """One person of the simulated shop."""

    customer_id: str
    who: Pseudonym
    email: str
    plain: Needles
    """Everything by which somebody would know the person, in many spellings."""
    webhooks: tuple[SimulatedWebhook, ...]

    @property
    def needles(self) -> Needles:
        """What must be nowhere once the person is erased."""
        return self.plain | spellings("pseudonym", self.who)


class Installation:
    """A data folder, a worker beside it, and the intake of a web process."""

    def __init__(self, folder: Path, scale: Scale, seed: int = 7) -> None:
        home = folder / "home"
        self.folder = folder
        self.settings = Settings(
            home=home,
            master_key_file=folder / "home.key",
            erasure_journal=folder / "home.erasures",
            erase_settle_seconds=1,
            archive_every_seconds=1,
            checkpoint_every_hours=0,
        )
        self.worker: subprocess.Popen[bytes] | None = None
        master_key.write_master_key(self.settings, os.urandom(32))
        self.shop: Shop = open_store(PROFILES[0], END_US, seed, scale)
        profile = self.shop.profile
        self.store_id = StoreId(profile.domain)
        zone = profile.season.timezone
        bootstrap.open_stores(self.settings).put(
            Store(store_id=self.store_id, currency=profile.currency, timezone=zone, added_us=1)
        )
        self.open()
        self.secrets.add(self.store_id, SECRET)
        self.webhooks = [told_in_full(webhook) for webhook in self.shop.webhooks()]
        self.send(self.webhooks)

    def open(self) -> None:
        """Open the ports of a web process."""
        settings = self.settings
        self.keys, self.log = bootstrap.open_keys(settings), bootstrap.open_log(settings)
        self.requests = bootstrap.open_privacy_requests(settings)
        self.secrets = bootstrap.open_secrets(settings)
        self._written = [bootstrap.open_log(settings, f"web-{number}") for number in range(2)]
        clock = SystemClock()
        self.intake = Intake(self._written[0], self.keys, clock, os.urandom)
        self.recorder = PredictionRecorder(self._written[1], self.keys, os.urandom)

    def close(self) -> None:
        """Close what ``open`` opened, as a web process that ends."""
        for log in (*self._written, self.log):
            log.close()
        self.keys.close()
        self.requests.close_file()

    def start(self) -> None:
        """Start a worker and wait until it has taken in everything."""
        command = [*PROGRAM, "up", "--role", "worker"]
        with (self.folder / "worker.log").open("ab") as lines:
            self.worker = subprocess.Popen(
                command, env=child_environment(self.settings), stdout=lines, stderr=lines
            )

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End the worker."""
        if self.worker is not None:
            self.worker.send_signal(how)
            self.worker.wait(30)
            self.worker = None

    def send(self, webhooks: Sequence[SimulatedWebhook]) -> int:
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

    def tell(self, topic: str, body: dict[str, Any], name: str) -> str:
        """Deliver one webhook; return the id of the request that it is, if it is one."""
        webhook = msgspec.structs.replace(
            self.webhooks[0],
            topic=topic,
            body=json.dumps(body).encode(),
            webhook_id=name,
            event_id=name,
        )
        assert self.send([webhook]) == 1
        return delivery_key(self.store_id, name).hex()

    def pseudonym(self, customer_id: str, kind: str = "customer") -> Pseudonym:
        return StoreKeys(self.keys).pseudonymiser(self.store_id)(kind, customer_id)

    def canaries(self) -> list[Canary]:
        """Return people with orders whom no merge names, and all that was told of each."""
        people: dict[str, dict[str, Any]] = {}
        for webhook in self.webhooks:
            if webhook.topic == "orders/create":
                customer = json.loads(webhook.body)["customer"]
                if customer:
                    people[str(customer["id"])] = customer
        merged = b"".join(w.body for w in self.webhooks if w.topic == "customers/merge")
        return [
            self._canary(customer_id, person)
            for customer_id, person in sorted(people.items())
            if customer_id.encode() not in merged
        ]

    def _canary(self, customer_id: str, person: dict[str, Any]) -> Canary:
        address = person["default_address"]
        plain = of_number("id", int(customer_id)) | of_text("e-mail", person["email"])
        plain |= of_text("phone", person["phone"]) | of_text("name", person["last_name"])
        plain |= of_text("street", address["address1"]) | of_text("note", person["note"])
        named = re.compile(rb"(?<!\d)%s(?!\d)" % customer_id.encode())
        mine = tuple(webhook for webhook in self.webhooks if named.search(webhook.body))
        return Canary(customer_id, self.pseudonym(customer_id), person["email"], plain, mine)

    def predict(self, canary: Canary) -> str:
        """Log a served prediction about somebody; return its id."""
        name = f"p-{len(canary.webhooks)}-{canary.who.hex()[:6]}"
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
        """Ask by webhook; return the request's id. Every third time by e-mail address alone."""
        person: dict[str, object] = {"id": int(canary.customer_id)}
        if number % 3 == 2:
            person = {"email": canary.email.upper()}
        body = {"shop_domain": self.store_id, "customer": person, "orders_to_redact": []}
        return self.tell("customers/redact", body, f"redact-{number}")

    def taken(self) -> bool:
        """Say whether ledger and history hold all that the log holds."""
        through = bootstrap.open_ledger(self.settings, read_only=True).through()
        offline = bootstrap.open_offline(self.settings)
        return (
            all(through.get(name, 0) >= offset for name, offset in self.log.end().items())
            and offline.through() == bootstrap.open_feed(self.settings).revision()
        )

    def receipt_of(self, request_id: str) -> Receipt | None:
        read = map(verify, self.requests.receipts(self.store_id))
        return next((one for one in read if one.request_id == request_id), None)

    def await_receipt(self, request_id: str) -> Receipt:
        until(lambda: self.receipt_of(request_id) is not None)
        until(self.taken)
        found = self.receipt_of(request_id)
        assert found is not None
        return found

    def hits(self, needles: Needles) -> list[Hit]:
        """Search the data folder, the journal beside it, and what the worker said."""
        places = [self.settings.home, self.settings.erasure_journal, self.folder / "worker.log"]
        return search(places, needles)

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            env=child_environment(self.settings),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr + done.stdout
        return done


def told_in_full(webhook: SimulatedWebhook) -> SimulatedWebhook:
    """Return an order's webhook with what a shop of level 2 is told of its customer besides."""
    body = json.loads(webhook.body)
    person = body if webhook.topic.startswith("customers/") else body.get("customer")
    if not isinstance(person, dict) or "id" not in person:
        return webhook
    number = str(person["id"])
    address = {
        "address1": f"{number[-5:]} Rosenstraße",
        "city": "Köln",
        "zip": f"D-{number[-5:]}",
        "name": f"Zoë Çelik-{number[-7:]}",
    }
    person |= {
        "first_name": "Zoë",
        "last_name": f"Çelik-{number[-7:]}",
        "default_address": address,
        "note": f"Rings the bell at {number[-6:]} o'clock",
    }
    if webhook.topic.startswith("orders/"):
        body |= {"billing_address": address, "shipping_address": address, "browser_ip": "192.0.2.7"}
    return msgspec.structs.replace(webhook, body=json.dumps(body).encode())


def again(webhook: SimulatedWebhook, tag: str) -> SimulatedWebhook:
    """Return the same webhook as another delivery of another event."""
    return msgspec.structs.replace(
        webhook, webhook_id=f"{tag}-{webhook.webhook_id}", event_id=f"{tag}-{webhook.event_id}"
    )


def until(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    """Wait for something to come about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
