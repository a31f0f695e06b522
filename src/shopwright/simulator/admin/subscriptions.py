"""Which webhooks a simulated shop's app has asked for: by the API, and in its own TOML.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/webhookSubscriptionCreate
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from shopwright.core.clock import iso
from shopwright.simulator.admin.nodes import Node, gid
from shopwright.simulator.admin.topics import TOPIC_NAMES

COMPLIANCE_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")
NAME_MAX = 50


class Subscription(Struct, kw_only=True):
    """One subscription."""

    number: int
    topic: str
    """As in a delivery: ``orders/create``."""
    uri: str
    name: str = ""
    filter: str = ""
    include_fields: tuple[str, ...] = ()
    version: str
    created_us: int
    updated_us: int
    of_app: bool = False
    """Declared in TOML: never listed by the API and never removed for failures."""


class Refusal(Struct, frozen=True):
    """Why a change was refused, as the API names it."""

    field: str
    message: str


class Subscriptions:
    """Those of one app on one shop."""

    def __init__(self) -> None:
        self._all: dict[int, Subscription] = {}
        self._last = 1_000

    def create(
        self, topic: str, asked: Mapping[str, Any], *, version: str, now_us: int
    ) -> Subscription | Refusal:
        """Subscribe to a topic by its name in GraphQL."""
        plain = TOPIC_NAMES[topic]
        refusal = _check(asked)
        if refusal is not None:
            return refusal
        if any(one.topic == plain and one.uri == asked["uri"] for one in self.all()):
            return Refusal("webhookSubscription", "Address for this topic has already been taken")
        return self._add(plain, asked, version=version, now_us=now_us, of_app=False)

    def declare(self, topic: str, uri: str, *, version: str, now_us: int) -> Subscription:
        """Subscribe as the app's TOML does; compliance topics can be had in no other way."""
        return self._add(topic, {"uri": uri}, version=version, now_us=now_us, of_app=True)

    def update(
        self, number: int, asked: Mapping[str, Any], *, now_us: int
    ) -> Subscription | Refusal:
        """Change where and how a subscription is delivered."""
        found = self._all.get(number)
        if found is None or found.of_app:
            return Refusal("id", "Webhook subscription does not exist")
        refusal = _check({"uri": found.uri, **asked})
        if refusal is not None:
            return refusal
        found.uri = asked.get("uri", found.uri)
        found.name = asked.get("name") or found.name
        found.include_fields = tuple(asked.get("includeFields") or found.include_fields)
        found.updated_us = now_us
        return found

    def delete(self, number: int) -> bool:
        """Remove a subscription; say whether it was there."""
        found = self._all.get(number)
        if found is None or found.of_app:
            return False
        del self._all[number]
        return True

    def all(self) -> Sequence[Subscription]:
        """Return what the API lists."""
        return [one for one in self._all.values() if not one.of_app]

    def of_topic(self, topic: str) -> Sequence[Subscription]:
        """Return everything that a webhook of a topic goes to."""
        return [one for one in self._all.values() if one.topic == topic]

    def _add(
        self, topic: str, asked: Mapping[str, Any], *, version: str, now_us: int, of_app: bool
    ) -> Subscription:
        self._last += 1
        made = Subscription(
            number=self._last,
            topic=topic,
            uri=asked["uri"],
            name=asked.get("name") or "",
            filter=asked.get("filter") or "",
            include_fields=tuple(asked.get("includeFields") or ()),
            version=version,
            created_us=now_us,
            updated_us=now_us,
            of_app=of_app,
        )
        self._all[made.number] = made
        return made


def subscription_node(one: Subscription) -> Node:
    """Return a subscription as the API shows it."""
    return {
        "__typename": "WebhookSubscription",
        "id": gid("WebhookSubscription", one.number),
        "legacyResourceId": str(one.number),
        "topic": one.topic.replace("/", "_").replace(".", "_").upper(),
        "uri": one.uri,
        "name": one.name or None,
        "filter": one.filter or None,
        "includeFields": list(one.include_fields),
        "format": "JSON",
        "apiVersion": {"displayName": one.version, "handle": one.version, "supported": True},
        "createdAt": iso(one.created_us)[:19] + "Z",
        "updatedAt": iso(one.updated_us)[:19] + "Z",
    }


def changed(outcome: Subscription | Refusal) -> Node:
    """Return the payload of a mutation."""
    if isinstance(outcome, Refusal):
        errors = [{"field": [outcome.field], "message": outcome.message}]
        return {"webhookSubscription": None, "userErrors": errors}
    return {"webhookSubscription": subscription_node(outcome), "userErrors": []}


def _check(asked: Mapping[str, Any]) -> Refusal | None:
    uri = asked.get("uri") or ""
    loopback = uri.startswith(("http://127.0.0.1:", "http://localhost:"))
    if not uri.startswith("https://") and not loopback:
        return Refusal("webhookSubscription", "Address protocol http:// is not supported")
    name = asked.get("name") or ""
    if len(name) > NAME_MAX or not all(c.isalnum() or c in "-_" for c in name):
        return Refusal("webhookSubscription", "Name is invalid")
    return None
