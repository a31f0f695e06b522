"""What the search looks for: every person of the shops, every secret, everybody who was erased."""

import json
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct

from shopwright.app.torture.expected import Customer
from shopwright.app.torture.traffic import Traffic
from shopwright.core.types.identity import StoreId


class _Person(Struct):
    first_name: str | None = None
    last_name: str | None = None


class _Named(Struct):
    customer: _Person | None = None


def canaries(
    traffic: Traffic,
    secrets: Mapping[StoreId, bytes],
    master_key: bytes,
    gone: Iterable[Customer],
) -> Mapping[str, list[bytes]]:
    """Return what must be found nowhere, by kind."""
    people = [text for shop in traffic.shops.values() for text in shop.personal_texts()]
    return {
        "name of a customer": [*_spellings(_names(traffic))],
        "e-mail, phone, street or id of a customer": [*_spellings(people)],
        "webhook secret": [*secrets.values()],
        "master key": [master_key, master_key.hex().encode()],
        "pseudonym of an erased person": [
            spelling for _, who in gone for spelling in (bytes(who), who.hex().encode())
        ],
    }


def _names(traffic: Traffic) -> set[str]:
    """Return the full name of everybody who ordered."""
    names = set()
    for parcel in traffic.parcels:
        if parcel.kind == "fact" and parcel.webhook.topic.startswith("orders/c"):
            person = msgspec.json.decode(parcel.webhook.body, type=_Named).customer
            if person is not None and person.first_name and person.last_name:
                names.add(f"{person.first_name} {person.last_name}")
    return names


def _spellings(texts: Iterable[str]) -> Iterator[bytes]:
    """Give each text as UTF-8 and as JSON escapes it."""
    for text in texts:
        yield text.encode()
        if not text.isascii():
            yield json.dumps(text)[1:-1].encode()
