"""A whole backroom in memory behind the web process: real intake, ledger, features and scoring."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from made_access import add_user, made_access
from made_history import NAMES, QUICK, made_rows
from msgspec import structs

from shopwright.adapters.memory_control import (
    MemoryDecisions,
    MemoryKeys,
    MemorySecrets,
    MemoryStores,
)
from shopwright.adapters.memory_ledger import MemoryLedger
from shopwright.adapters.memory_log import MemoryLog
from shopwright.adapters.memory_online import MemoryOnlineStore
from shopwright.adapters.memory_privacy import MemoryPrivacyRequests
from shopwright.adapters.memory_registry import MemoryRegistry
from shopwright.app.metrics import Metrics
from shopwright.app.settings import Settings
from shopwright.app.web.asgi import WebApp
from shopwright.app.web.parts import WebParts
from shopwright.app.web.sign_in import AccessParts
from shopwright.core.clock import SimulatedClock, SystemClock, iso
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import StoreId
from shopwright.core.types.prediction import Prediction
from shopwright.core.types.store import Store
from shopwright.events.webhook import sign
from shopwright.features.definitions import CUSTOMER
from shopwright.pipelines.ingest import Intake
from shopwright.pipelines.materialize import Materializer
from shopwright.pipelines.predict import Scoring
from shopwright.training.tasks import Learner
from shopwright.training.train import train_propensity
from shopwright.training.trained import Trained, manifest_of
from shopwright.training.training_set import UnsortedRows, assemble

SHOP = "pots.myshopify.com"
SECRET = b"hush"
STORE = Store(
    store_id=StoreId(SHOP), currency="GBP", timezone="Europe/London", added_us=1_700_000_000_000_000
)
TASK = structs.replace(QUICK, learner=Learner(rounds=12))
ANYWHERE = "127.0.0.1:8400"


@cache
def twelve_feature_model() -> Trained:
    """Train once on made customers; features that the history does not have are not known."""
    rows = made_rows(TASK, customers=500, seed=1)
    x = np.full((len(rows.y), len(CUSTOMER.names)), np.nan)
    for index, name in enumerate(NAMES):
        x[:, CUSTOMER.names.index(name)] = rows.x[:, index]
    twelve = UnsortedRows(
        x=x,
        y=rows.y,
        snapshot_us=rows.snapshot_us,
        as_of_us=rows.as_of_us,
        entities=rows.entities,
        categories=rows.categories,
    )
    history = assemble(twelve, names=CUSTOMER.names, cutoff_us=20_000 * 86_400_000_000)
    return train_propensity(history, TASK, 1)


def order_body(order_id: int, customer_id: int, at_us: int, price: str = "20.00") -> bytes:
    """Return an ``orders/create`` payload with one line."""
    money = {"shop_money": {"amount": price, "currency_code": "GBP"}}
    line = {
        "id": order_id * 10 + 1,
        "quantity": 1,
        "current_quantity": 1,
        "price": price,
        "price_set": money,
        "product_id": 7,
        "variant_id": 8,
        "discount_allocations": [],
        "tax_lines": [],
    }
    return json.dumps(
        {
            "id": order_id,
            "customer": {"id": customer_id},
            "created_at": iso(at_us),
            "processed_at": iso(at_us),
            "updated_at": iso(at_us),
            "confirmed": True,
            "test": False,
            "cancelled_at": None,
            "currency": "GBP",
            "financial_status": "paid",
            "taxes_included": False,
            "line_items": [line],
            "refunds": [],
        }
    ).encode()


def delivery_headers(
    body: bytes,
    webhook_id: str,
    *,
    topic: str = "orders/create",
    shop: str = SHOP,
    secret: bytes = SECRET,
) -> dict[str, str]:
    """Return the headers of a genuine delivery."""
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": sign(secret, body),
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-API-Version": "2026-07",
        "X-Shopify-Webhook-Id": webhook_id,
        "X-Shopify-Event-Id": f"event-of-{webhook_id}",
    }


@dataclass
class Backroom:
    """Every part of one installation, in memory."""

    settings: Settings = field(default_factory=Settings)
    clock: SystemClock = field(default_factory=SystemClock)
    log: MemoryLog = field(default_factory=MemoryLog)
    keys: MemoryKeys = field(default_factory=MemoryKeys)
    stores: MemoryStores = field(default_factory=MemoryStores)
    secrets: MemorySecrets = field(default_factory=MemorySecrets)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    online: MemoryOnlineStore = field(default_factory=MemoryOnlineStore)
    registry: MemoryRegistry = field(default_factory=MemoryRegistry)
    decisions: MemoryDecisions = field(default_factory=MemoryDecisions)
    metrics: Metrics = field(default_factory=Metrics)
    recorded: list[Prediction] = field(default_factory=list)
    access: AccessParts = field(default_factory=made_access)
    requests: MemoryPrivacyRequests = field(default_factory=MemoryPrivacyRequests)

    def __post_init__(self) -> None:
        self.stores.put(STORE)
        self.secrets.add(STORE.store_id, SECRET)
        self.intake = Intake(self.log, self.keys, self.clock, os.urandom)
        self.scoring = Scoring(
            online=self.online,
            stores=self.stores,
            keys=self.keys,
            registry=self.registry,
            decisions=self.decisions,
            clock=self.clock,
            nonces=os.urandom,
        )
        self.materializer = Materializer(
            log=self.log,
            keys=self.keys,
            stores=self.stores,
            ledger=self.ledger,
            feed=self.ledger,
            online=self.online,
            requests=self.requests,
            clock=self.clock,
        )

    def app(self) -> WebApp:
        """Return the web process over these parts."""
        parts = WebParts(
            intake=self.intake,
            scoring=self.scoring,
            online=self.online,
            secrets=self.secrets,
            stores=self.stores,
            access=self.access,
            requests=self.requests,
            record=self.recorded.extend,
        )
        return WebApp(parts, settings=self.settings, clock=self.clock, metrics=self.metrics)

    def crown(self) -> str:
        """Publish a real model and let it serve; return its version."""
        trained = twelve_feature_model()
        manifest = manifest_of(
            trained, STORE, view=CUSTOMER.label, log_through={}, code_version="0.1.0"
        )
        version = self.registry.publish(manifest, dict(trained.files))
        self.decisions.record(
            Decision(
                store_id=STORE.store_id,
                task="propensity",
                model_version=version,
                verdict="champion",
                reason="made for a test",
                figures={},
                decided_us=1,
                author="test",
            )
        )
        self.scoring.refresh()
        return version

    def materialize(self) -> None:
        """Let the worker take all that the log holds."""
        while self.materializer.step(1_000).records:
            pass

    def stored(self) -> int:
        """Return how many events the log holds."""
        return sum(self.log.end().values())


@dataclass(frozen=True)
class Answered:
    """One answer of the application."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


class Client:
    """Speaks ASGI to an application in the same loop."""

    def __init__(self, app: WebApp) -> None:
        self._app = app

    async def get(self, path: str, **headers: str) -> Answered:
        """Send a GET."""
        return await self.send("GET", path, b"", headers)

    async def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> Answered:
        """Send a POST."""
        return await self.send("POST", path, body, headers or {})

    async def webhook(self, body: bytes, webhook_id: str, **named: Any) -> Answered:
        """Send a genuine delivery."""
        return await self.post("/webhooks", body, delivery_headers(body, webhook_id, **named))

    async def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answered:
        """Send a request whose body comes in one part."""
        given = {"host": ANYWHERE, "content-length": str(len(body))}
        given |= {name.lower().replace("_", "-"): value for name, value in headers.items()}
        parts = [{"type": "http.request", "body": body, "more_body": False}]
        return await self.exchange(method, path, given, _in_turn(parts))

    async def exchange(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        receive: Callable[[], Awaitable[dict[str, Any]]],
    ) -> Answered:
        """Send a request whose body comes from ``receive``."""
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(dict(message))

        await self._app(scope_of(method, path, headers), receive, send)
        if not sent:
            return Answered(0, {}, b"")
        start, *rest = sent
        named = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answered(start["status"], named, b"".join(part["body"] for part in rest))


def scope_of(method: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
    """Return the ASGI scope of a request."""
    raw_path, _, query = path.partition("?")
    return {
        "type": "http",
        "method": method,
        "path": raw_path,
        "raw_path": raw_path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "scheme": "http",
        "http_version": "1.1",
    }


def _in_turn(parts: Sequence[dict[str, Any]]) -> Callable[[], Awaitable[dict[str, Any]]]:
    waiting = list(parts)

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return receive


@asynccontextmanager
async def running(app: WebApp) -> AsyncIterator[Client]:
    """Start the application, and stop it in good order."""
    await app.start()
    try:
        yield Client(app)
    finally:
        await app.stop()


def played(backroom: Backroom, scenario: Callable[[WebApp], Awaitable[None]]) -> None:
    """Run the web process and the scenario to its end."""

    async def play() -> None:
        app = backroom.app()
        async with running(app):
            await scenario(app)

    asyncio.run(play())


def room(settings: Settings, *users: str) -> Backroom:
    """Return an installation with a simulated clock and these people."""
    made = Backroom(settings)
    made.clock = SimulatedClock(1_800_000_000_000_000)  # type: ignore[assignment]
    for name in users or ("ann",):
        add_user(made.access, name)
    return made
