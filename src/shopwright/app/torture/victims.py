"""The people who are erased while it goes on, and what must not be found of them afterwards."""

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Struct

from shopwright.app.torture.traffic import Parcel
from shopwright.core.types.identity import StoreId
from shopwright.simulator.webhook import SimulatedWebhook, identifier


class Victim(Struct, frozen=True, kw_only=True):
    """One customer who is erased."""

    store_id: StoreId
    customer_id: str


class _Person(Struct):
    id: int | None = None
    email: str | None = None


class _Order(Struct):
    customer: _Person | None = None


class _Merge(Struct):
    admin_graphql_api_customer_kept_id: str = ""
    admin_graphql_api_customer_deleted_id: str = ""


def choose(parcels: Sequence[Parcel], count: int, rng: np.random.Generator) -> list[Victim]:
    """Choose customers who order in this traffic and are merged with nobody."""
    merged: set[tuple[StoreId, str]] = set()
    ordering: dict[tuple[StoreId, str], None] = {}
    for parcel in parcels:
        if parcel.kind != "fact":
            continue
        topic, body = parcel.webhook.topic, parcel.webhook.body
        if topic == "customers/merge":
            merge = msgspec.json.decode(body, type=_Merge)
            for gid in (
                merge.admin_graphql_api_customer_kept_id,
                merge.admin_graphql_api_customer_deleted_id,
            ):
                merged.add((parcel.store_id, gid.rpartition("/")[2]))
        elif topic in {"orders/create", "orders/updated"}:
            person = msgspec.json.decode(body, type=_Order).customer
            if person is not None and person.id is not None:
                ordering[parcel.store_id, str(person.id)] = None
    candidates = [who for who in ordering if who not in merged]
    picked = rng.permutation(len(candidates))[:count]
    return [
        Victim(store_id=candidates[index][0], customer_id=candidates[index][1])
        for index in picked.tolist()
    ]


def redaction(victim: Victim, now_us: int) -> Parcel:
    """Return the webhook by which Shopify asks for the erasure."""
    body = {
        "shop_id": 1,
        "shop_domain": victim.store_id,
        "customer": {"id": int(victim.customer_id), "email": None, "phone": None},
        "orders_to_redact": [],
    }
    return Parcel(
        store_id=victim.store_id,
        kind="redact",
        webhook=SimulatedWebhook(
            topic="customers/redact",
            body=msgspec.json.encode(body),
            triggered_us=now_us,
            webhook_id=identifier("redact", victim.store_id, victim.customer_id),
            event_id=identifier("redact event", victim.store_id, victim.customer_id),
        ),
    )
