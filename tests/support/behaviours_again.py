"""What is told late, again, in half or by our own doing."""

import msgspec
import pytest
from behaviour import SHOP, Behaviour, happen, sold, stamp, whole
from rough_road import in_order
from simulated_admin import SimulatedAdmin

from shopwright.core.clock import US_PER_SECOND, iso
from shopwright.core.types.stock import LevelFact
from shopwright.events import admin_order, order_chain, product_chain, stock
from shopwright.simulator.webhook import SimulatedWebhook


def stale_retry(admin: SimulatedAdmin) -> None:
    """A retry with the payload of hours ago does not undo what came since."""
    whole(admin)
    order = sold(admin)
    old = SimulatedWebhook(
        topic="orders/updated",
        body=msgspec.json.encode(order),
        triggered_us=admin.clock.now_us(),
        webhook_id="stale",
        event_id="stale",
    )
    admin.clock.sleep(60)
    voided = order | {"financial_status": "voided", "updated_at": stamp(admin)}
    newer = happen(admin, "orders/updated", voided)
    admin.system.receive(in_order([newer]))
    admin.system.settle()
    admin.system.receive(in_order([old]))
    admin.system.settle()
    assert admin.audit() == {}


def last_come_wins(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(order_chain, "_age", lambda fact: (-fact.updated_us, fact.triggered_us, b""))


def own_echo(admin: SimulatedAdmin) -> None:
    whole(admin)
    before = {doc: list(chain) for doc, chain in admin.system.ledger._products.items()}
    admin.clock.sleep(60)
    owner = next(iter(admin.holdings.products()))["id"]
    document = (
        "mutation Set($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) "
        "{ userErrors { message } } }"
    )
    field = {"ownerId": owner, "namespace": "$app", "key": "recs", "type": "json", "value": "[1]"}
    answer = admin.client.ask(admin.store_id, document, {"m": [field]})
    assert answer["metafieldsSet"]["userErrors"] == []
    echoes = admin.api.caused(admin.clock.now_us())
    assert [one.topic for one in echoes] == ["products/update"]
    admin.system.receive(in_order(echoes))
    admin.system.settle()
    after = {doc: list(chain) for doc, chain in admin.system.ledger._products.items()}
    assert after == before


def every_telling_is_news(patch: pytest.MonkeyPatch) -> None:
    told = product_chain._told
    patch.setattr(
        product_chain,
        "_told",
        lambda facts: [(at, _Different(*state)) for at, state in told(facts)],
    )


class _Different(product_chain._State):
    """A state that is never the same as another one."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, _other: object) -> bool:
        return False

    def __ne__(self, _other: object) -> bool:
        return True


def refunds_in_a_file(admin: SimulatedAdmin) -> None:
    """A bulk file's refunds have no lines: these come from the negative sales of agreements."""
    whole(admin)
    refunded = sum(
        chain[-1].refund_minor for chain in admin.system.ledger._orders.values() if chain
    )
    assert refunded > 0


def refunds_without_lines(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(admin_order, "_refunds", lambda *_: [])


def late_level(admin: SimulatedAdmin) -> None:
    whole(admin)
    item = next(iter(admin.holdings.stock.items()))
    old = {"inventory_item_id": item, "location_id": 1, "available": 12_345}
    body = old | {"updated_at": iso(SHOP.start_us - 60 * US_PER_SECOND)}
    late = SimulatedWebhook(
        topic="inventory_levels/update",
        body=msgspec.json.encode(body),
        triggered_us=admin.clock.now_us(),
        webhook_id="late",
        event_id="late",
    )
    admin.system.receive(in_order([late]))
    admin.system.settle()
    assert admin.audit() == {}


def oldest_wins(patch: pytest.MonkeyPatch) -> None:
    def age(fact: LevelFact) -> tuple[int, bytes]:
        return -fact.updated_us, b""

    patch.setattr(stock, "age", age)


BEHAVIOURS = (
    Behaviour("a retry brings an old payload", stale_retry, last_come_wins),
    Behaviour("our own write comes back", own_echo, every_telling_is_news),
    Behaviour("a bulk file's refunds have no lines", refunds_in_a_file, refunds_without_lines),
    Behaviour("an old stock level comes late", late_level, oldest_wins),
)
