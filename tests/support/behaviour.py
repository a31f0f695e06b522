"""A behaviour of Shopify's: a trial in which we must cope with it, and what coping is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from simulated_admin import SimulatedAdmin

from shopwright.admin import documents
from shopwright.admin.scopes import REQUESTED
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, iso
from shopwright.simulator.profile import Scale
from shopwright.simulator.stores import HARBOUR_GIFTS, open_store
from shopwright.simulator.webhook import SimulatedWebhook

END_US = 1_790_000_000 * US_PER_SECOND
SCALE = Scale(customers=25, days=80, fulfilment_told_share=0)
ADDRESS = "https://shopwright.example.com/webhooks"
SHOP = open_store(HARBOUR_GIFTS, END_US, 6, SCALE)
WEBHOOKS = list(SHOP.webhooks())

Trial = Callable[[SimulatedAdmin], None]
Sabotage = Callable[[pytest.MonkeyPatch], None]


class Behaviour(NamedTuple):
    """What Shopify does, whether we cope, and what coping is."""

    says: str
    trial: Trial
    sabotage: Sabotage


def made(folder: Path, mode: str = "client_credentials") -> SimulatedAdmin:
    scopes = (*REQUESTED, "write_products")
    admin = SimulatedAdmin(SHOP, 1, folder, scopes)
    admin.happen(WEBHOOKS)
    admin.connect(mode)
    return admin


def ask(admin: SimulatedAdmin) -> Any:
    return admin.client.ask(admin.store_id, documents.SHOP)["shop"]["name"]


def look(admin: SimulatedAdmin) -> dict[str, int]:
    """Look for what was missed in the last day."""
    admin.clock.sleep(600)
    return dict(admin.reconcile(admin.clock.now_us() - US_PER_DAY).missing)


def happen(admin: SimulatedAdmin, topic: str, body: dict[str, Any]) -> SimulatedWebhook:
    """Let something happen in the shop of which nobody is told."""
    now_us = admin.clock.now_us()
    webhook = SimulatedWebhook(
        topic=topic,
        body=msgspec.json.encode(body),
        triggered_us=now_us,
        webhook_id=f"w{now_us}",
        event_id=f"e{now_us}",
    )
    admin.happen([webhook])
    return webhook


def sold(admin: SimulatedAdmin) -> dict[str, Any]:
    """Return an order that counts."""
    return next(
        one
        for one in admin.holdings._orders.payloads()
        if one["customer"] and one["financial_status"] == "paid" and not one["test"]
    )


def stamp(admin: SimulatedAdmin) -> str:
    return iso(admin.clock.now_us())[:19] + "Z"


def whole(admin: SimulatedAdmin) -> None:
    assert {one.state for one in admin.take_in()} == {"proven"}
    assert admin.audit() == {}
