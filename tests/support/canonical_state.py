"""What an installation knows, told so that two installations with different keys can be compared.

Pseudonyms depend on a key that each installation draws; here they are turned back into the ids
that the shop uses, found by making the pseudonym of every id that was ever sent.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from traced_script import Installation, story

from shopwright.core.clock import US_PER_DAY
from shopwright.core.money import minor_per_major
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import Document
from shopwright.core.types.log import LogRecord, Position
from shopwright.events.contacts import email_of, phone_of
from shopwright.features.definitions import CUSTOMER
from shopwright.features.record import evaluate
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy.sealing import aad, unseal

RECORDS_MAX = 100_000
_ID = re.compile(rb"\d{3,20}")


def state_of(installation: Installation, home: Path, seed: int) -> dict[str, Any]:
    """Return tellings, versions, products, features and history, without anything drawn.

    Raises AssertionError when a copy differs from the ledger that it copies.
    """
    names = _names(installation, seed)
    store, feed = installation.store, installation.feed
    months = feed.changed_months(0)
    return {
        # A set, and in the order of its pseudonyms: neither may count here.
        "tellings": sorted(
            (
                repr(_plain(document, names)),
                sorted(repr(_plain(telling, names)) for telling in told),
            )
            for document, told in _tellings(installation, home).items()
        ),
        "versions": sorted(
            repr(_plain(version, names))
            for month in months
            if month.holds == "orders"
            for version in feed.month_orders(month)
        ),
        "products": _plain(feed.products(store.store_id), names),
        "features": _features(installation, names),
        "history": _history(installation, names),
    }


def _names(installation: Installation, seed: int) -> dict[bytes, str]:
    pseudonymise = StoreKeys(installation.keys).pseudonymiser(installation.store.store_id)
    return {
        bytes(pseudonymise(kind, plain)): f"{kind}:{plain}" for kind, plain in _everyone_in(seed)
    }


@cache
def _everyone_in(seed: int) -> list[tuple[str, str]]:
    """Return kind and id of everybody who may be named in the story of a seed."""
    ids = {found.decode() for a in story(seed) for found in _ID.findall(a.webhook.body)}
    named = [(kind, plain) for plain in ids for kind in ("customer", "order")]
    texts = {text for a in story(seed) for text in _texts(msgspec.json.decode(a.webhook.body))}
    contacts = {contact for text in texts for contact in (email_of(text), phone_of(text))} - {None}
    return named + [("contact", str(one)) for one in contacts]


def _texts(value: Any) -> Iterator[str]:
    """Yield every text inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _plain(value: Any, names: Mapping[bytes, str]) -> Any:
    """Return the value as plain data, each pseudonym as the id behind it."""
    if isinstance(value, msgspec.Struct):
        told = {f: _plain(getattr(value, f), names) for f in value.__struct_fields__}
        return {"is": type(value).__name__, **told}
    if isinstance(value, Mapping):
        return sorted((repr(_plain(k, names)), _plain(v, names)) for k, v in value.items())
    if isinstance(value, (tuple, list)):
        return [_plain(part, names) for part in value]
    return names.get(value, value) if isinstance(value, bytes) else value


def _tellings(installation: Installation, home: Path) -> Mapping[Document, Any]:
    with sqlite3.connect(f"file:{home}/ledger/00.sqlite?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT store_id, kind, key FROM documents").fetchall()
    connection.close()
    return installation.ledger.tellings([Document(*row) for row in rows])


def _features(installation: Installation, names: Mapping[bytes, str]) -> dict[str, Any]:
    store = installation.store
    records = installation.feed.records(CUSTOMER.name, 0, RECORDS_MAX)
    copied = installation.online.page(store.store_id, CUSTOMER.name, None, RECORDS_MAX)
    assert sorted(records, key=_by_entity) == sorted(copied, key=_by_entity), "online differs"
    units = minor_per_major(store.currency)
    newest = max((record.received_us for record in records), default=0)
    return {
        names[record.entity]: evaluate(CUSTOMER, record.state, newest + US_PER_DAY, units)
        for record in sorted(records, key=lambda record: names[record.entity])
    }


def _by_entity(record: Any) -> bytes:
    return bytes(record.entity)


def _history(installation: Installation, names: Mapping[bytes, str]) -> list[str]:
    assert installation.offline.through() == installation.feed.revision(), "history is behind"
    sql = "SELECT order_key, version, customer, known_us, net_minor FROM orders"
    found = installation.offline.query(sql, [installation.store.store_id], None)
    columns = [column.tolist() for column in found.values()]
    return sorted(repr(_plain(row, names)) for row in zip(*columns, strict=True))


def log_of(installation: Installation) -> list[LogRecord]:
    """Return every record of the log."""
    return list(installation.log.read(Position({}), RECORDS_MAX))


def check_log(installation: Installation, seed: int, acknowledged: set[int]) -> None:
    """Every acknowledged webhook is there with its very bytes, and none is there twice."""
    keys, store_keys = installation.keys, StoreKeys(installation.keys)
    arrivals = story(seed)
    sent = {arrival.webhook.webhook_id: arrival.webhook for arrival in arrivals}
    records = log_of(installation)
    ids = [record.event.delivery_id for record in records]
    assert len(ids) == len(set(ids)), "a delivery is stored twice"
    contents = [record.event.content_key for record in records if record.event.content_key]
    assert len(contents) == len(set(contents)), "an event is stored twice"
    bodies = set()
    for record in records:
        event = record.event
        key = (
            store_keys.body_key(event.store_id)
            if event.subject is None
            else keys.open_keys(event.store_id, [event.subject])[Pseudonym(event.subject)]
        )
        bound = aad(event.store_id, event.topic, event.delivery_key)
        body = unseal(key, event.sealed, bound)
        assert body == sent[event.delivery_id].body, "stored bytes differ from those sent"
        bodies.add((sent[event.delivery_id].event_id, event.topic, body))
    for number in acknowledged:
        webhook = arrivals[number].webhook
        assert (webhook.event_id, webhook.topic, webhook.body) in bodies, (
            f"webhook {number} was acknowledged and is lost"
        )
