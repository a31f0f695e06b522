"""What a shop tells an app besides its trade: that it is gone, may do less, must forget somebody.

https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from shopwright.core.clock import iso
from shopwright.simulator.profile import StoreProfile
from shopwright.simulator.webhook import SimulatedWebhook, identifier

SHOP_ID = 954_889


class Happenings:
    """Writes the webhooks of one shop."""

    def __init__(self, profile: StoreProfile) -> None:
        self._profile = profile
        self._told = 0

    def uninstalled(self, now_us: int) -> SimulatedWebhook:
        """Tell that the merchant removed the app; the body describes the shop."""
        profile = self._profile
        return self._webhook(
            "app/uninstalled",
            {
                "id": SHOP_ID,
                "name": profile.name,
                "myshopify_domain": profile.domain,
                "domain": profile.domain,
                "currency": profile.currency,
                "iana_timezone": profile.season.timezone,
                "country_code": profile.country.code,
            },
            now_us,
        )

    def scopes_updated(
        self, before: Sequence[str], after: Sequence[str], now_us: int
    ) -> SimulatedWebhook:
        """Tell that the merchant changed what the app may do."""
        body = {
            "id": 1,
            "previous": sorted(before),
            "current": sorted(after),
            "shop_id": f"gid://shopify/Shop/{SHOP_ID}",
            "updated_at": iso(now_us),
        }
        return self._webhook("app/scopes_update", body, now_us)

    def redact_customer(
        self, customer: dict[str, Any], orders: Sequence[int], now_us: int
    ) -> SimulatedWebhook:
        """Ask that somebody be forgotten."""
        body = self._about(customer) | {"orders_to_redact": list(orders)}
        return self._webhook("customers/redact", body, now_us)

    def request_data(
        self, customer: dict[str, Any], orders: Sequence[int], now_us: int
    ) -> SimulatedWebhook:
        """Ask for what is known of somebody."""
        body = self._about(customer) | {
            "orders_requested": list(orders),
            "data_request": {"id": 9_000 + self._told},
        }
        return self._webhook("customers/data_request", body, now_us)

    def redact_shop(self, now_us: int) -> SimulatedWebhook:
        """Ask that the whole shop be forgotten: two days after the app was removed."""
        body = {"shop_id": SHOP_ID, "shop_domain": self._profile.domain}
        return self._webhook("shop/redact", body, now_us)

    def _about(self, customer: dict[str, Any]) -> dict[str, Any]:
        return {
            "shop_id": SHOP_ID,
            "shop_domain": self._profile.domain,
            "customer": {name: customer.get(name) for name in ("id", "email", "phone")},
        }

    def _webhook(self, topic: str, body: dict[str, Any], now_us: int) -> SimulatedWebhook:
        self._told += 1
        words = (self._profile.domain, topic, str(now_us), str(self._told))
        return SimulatedWebhook(
            topic=topic,
            body=msgspec.json.encode(body),
            triggered_us=now_us,
            webhook_id=identifier(*words),
            event_id=identifier("event", *words),
        )
