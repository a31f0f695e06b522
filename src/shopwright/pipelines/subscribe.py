"""Sees to it that a store sends us its webhooks: lists, compares, mends; only what is ours."""

from collections.abc import Collection

from shopwright.admin import documents
from shopwright.admin.subscriptions import NAME, Plan, Subscription, plan, wanted
from shopwright.core.errors import ShopTrouble
from shopwright.core.types.identity import StoreId
from shopwright.pipelines.admin_client import AdminClient

PAGES_MAX = 50
TAKEN = "has already been taken"


def subscribe(
    client: AdminClient, store_id: StoreId, scopes: Collection[str], address: str
) -> Plan:
    """Make the store's subscriptions what they should be; return what had to be done.

    ``address`` is the whole address of the webhook route. Raises ShopTrouble.
    """
    todo = plan(listed(client, store_id), wanted(scopes), address)
    for topic in todo.create:
        _create(client, store_id, topic, address)
    for one in todo.move:
        client.change(
            store_id,
            documents.UPDATE_SUBSCRIPTION,
            {"id": one.id, "subscription": _input(address)},
            "webhookSubscriptionUpdate",
        )
    _delete(client, store_id, todo.delete)
    return todo


def _create(client: AdminClient, store_id: StoreId, topic: str, address: str) -> None:
    try:
        client.change(
            store_id,
            documents.CREATE_SUBSCRIPTION,
            {"topic": topic, "subscription": _input(address)},
            "webhookSubscriptionCreate",
        )
    except ShopTrouble as error:
        # Another process did the same a moment ago: what was wanted is there.
        if TAKEN not in str(error):
            raise


def unsubscribe(client: AdminClient, store_id: StoreId, address: str) -> int:
    """Delete every subscription of ours; return how many there were. Raises ShopTrouble."""
    ours = plan(listed(client, store_id), (), address).delete
    _delete(client, store_id, ours)
    return len(ours)


def listed(client: AdminClient, store_id: StoreId) -> list[Subscription]:
    """Return every subscription that this app can see. Raises ShopTrouble."""
    found: list[Subscription] = []
    after = None
    for _ in range(PAGES_MAX):
        data = client.ask(store_id, documents.SUBSCRIPTIONS, {"after": after})
        page = data["webhookSubscriptions"]
        found += [
            Subscription(
                id=one["id"], topic=one["topic"], uri=one["uri"], name=one.get("name") or ""
            )
            for one in page["nodes"]
        ]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    return found


def _delete(client: AdminClient, store_id: StoreId, gone: Collection[Subscription]) -> None:
    for one in gone:
        client.change(
            store_id, documents.DELETE_SUBSCRIPTION, {"id": one.id}, "webhookSubscriptionDelete"
        )


def _input(address: str) -> dict[str, str]:
    return {"uri": address, "format": "JSON", "name": NAME}
