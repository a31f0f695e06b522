"""What a simulated installation believes, in a form that two of them can be compared by."""

import msgspec
import numpy as np
from simulated_system import SimulatedSystem

from shopwright.core.money import minor_per_major
from shopwright.core.types.feature import FeatureValue
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.log import Position
from shopwright.features.definitions import CUSTOMER
from shopwright.features.record import evaluate
from shopwright.pipelines.point_in_time import features, spine
from shopwright.simulator.shop import Shop

EVERYTHING = 1_000_000


def accounts(shop: Shop, system: SimulatedSystem) -> list[Pseudonym]:
    """Return every customer account of the shop as this installation names it."""
    return sorted(system.pseudonym(customer) for customer in shop.accounts())


def chains(shop: Shop, system: SimulatedSystem) -> bytes:
    """Return every version of every order that names anybody."""
    found = system.ledger.orders_of(system.store.store_id, accounts(shop, system))
    return msgspec.msgpack.encode([(who, list(found[who])) for who in sorted(found)])


def online_values(
    system: SimulatedSystem, who: Pseudonym, as_of_us: int
) -> dict[str, FeatureValue] | None:
    """Return a customer's features as of an instant; None for one the read copy does not have."""
    record = system.online.read(system.store.store_id, CUSTOMER.name, [who]).get(who)
    if record is None:
        return None
    return evaluate(CUSTOMER, record.state, as_of_us, minor_per_major(system.store.currency))


def state(shop: Shop, system: SimulatedSystem, as_of_us: int) -> tuple[bytes, list[object]]:
    """Return the versions, and the features of everybody as of an instant."""
    values = [online_values(system, who, as_of_us) for who in accounts(shop, system)]
    return chains(shop, system), values


def check_parity(system: SimulatedSystem, everyone: list[Pseudonym], as_of_us: int) -> None:
    """Raise AssertionError where the packed record and the portable SQL differ in a bit (P9)."""
    known = [who for who in everyone if online_values(system, who, as_of_us) is not None]
    orders = system.ledger.orders_of(system.store.store_id, everyone)
    assert {who for who in everyone if orders[who]} <= set(known), "the read copy lacks somebody"
    if not known:
        return
    asked = spine(system.store, known, [as_of_us] * len(known))
    offline = features(system.offline, system.store, CUSTOMER, asked)
    for row, who in enumerate(known):
        online = online_values(system, who, as_of_us)
        assert online is not None
        for name in CUSTOMER.names:
            column = offline[name]
            missing = bool(np.ma.getmaskarray(column)[row])
            value = None if missing else column[row].item()
            found = online[name]
            assert (found, type(found)) == (value, type(value)), (
                f"{name} of {who.hex()} is {found!r} online and {value!r} in the history"
            )


def check_log(system: SimulatedSystem) -> None:
    """Raise AssertionError unless every accepted delivery is in the log, once a partition (P1, P2).

    A delivery with another id but the same event and body is the same telling.
    """
    records = system.log.read(Position({}), EVERYTHING)
    for key in ("delivery_key", "content_key"):
        found = [(record.partition, getattr(record.event, key)) for record in records]
        assert len(found) == len(set(found)), f"{key} is twice in a partition"
    ids = {record.event.delivery_id for record in records}
    contents = {record.event.content_key for record in records}
    for delivery_id, content in system.answered.items():
        assert delivery_id in ids or content in contents, f"{delivery_id} was answered and is lost"


def check_dead_letters(system: SimulatedSystem, poisoned: set[str]) -> None:
    """Raise AssertionError unless exactly the poisoned deliveries are dead letters (P4)."""
    by_place = {
        (record.partition, record.offset): record.event.delivery_id
        for record in system.log.read(Position({}), EVERYTHING)
    }
    letters = system.ledger.dead_letters(EVERYTHING)
    found = {by_place[letter.partition, letter.offset] for letter in letters}
    assert found == poisoned, f"dead letters: {found ^ poisoned} too many or too few"
    assert all(letter.reason for letter in letters), "a dead letter has no reason"


def check_no_personal_text(system: SimulatedSystem, texts: list[bytes]) -> None:
    """Raise AssertionError when a name, address or id is outside of a sealed body (P8)."""
    everything = b"".join(
        [
            repr(vars(system.ledger)).encode(),
            repr(vars(system.offline)).encode(),
            repr(vars(system.requests)).encode(),
            msgspec.msgpack.encode(
                list(system.online.page(system.store.store_id, CUSTOMER.name, None, EVERYTHING))
            ),
            repr(system.log.read(Position({}), EVERYTHING)).encode(),
        ]
    )
    found = [text for text in texts if text in everything]
    assert not found, f"{len(found)} names, addresses or ids lie open, outside of a sealed body"
