"""Compares what lies in the data folder with what was sent; trusts nothing that the system says."""

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from shopwright.app.bootstrap import open_feed, open_keys, open_log, open_stores
from shopwright.app.settings import Settings
from shopwright.app.torture.counted import count_ledger
from shopwright.app.torture.expected import Customer, Pseudonymise, expect
from shopwright.app.torture.parity import Parity, compare
from shopwright.app.torture.traffic import Parcel
from shopwright.app.torture.victims import Victim
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document
from shopwright.core.types.log import Position
from shopwright.events.subject import subject_of
from shopwright.pipelines.store_keys import StoreKeys

PAGE = 2_000
LETTERS_MAX = 1_000_000


class Row(Struct, frozen=True):
    """One delivery in the log."""

    partition: str
    offset: int
    delivery_key: bytes
    content_key: bytes | None


class Findings(Struct, frozen=True, kw_only=True):
    """What the audit found; every number but the first two should be zero."""

    log_rows: int
    erased: int
    """Acknowledged deliveries about erased people that are rightly gone."""
    lost: int
    """Acknowledged, not in the log, and about nobody who was erased."""
    log_doubled: int
    counted: Mapping[str, int]
    """Documents, orders and products that differ from the reference, by kind."""
    parity: Parity
    poison_missing: int
    """Poison that is no dead letter."""
    dead_facts: int
    """Dead letters that are no poison."""

    @property
    def doubled(self) -> int:
        """Everything that counts otherwise than once."""
        return self.log_doubled + sum(self.counted.values()) + self.parity.unlike_reference


def audit(
    settings: Settings, parcels: Sequence[Parcel], redacted: Sequence[Victim], as_of_us: int
) -> Findings:
    """Read the stopped installation's files and judge them."""
    stores = {store.store_id: store for store in open_stores(settings).all()}
    keys = StoreKeys(open_keys(settings))
    pseudonymisers = {store_id: keys.pseudonymiser(store_id) for store_id in stores}
    rows = log_rows(settings)
    present = {row.delivery_key for row in rows} | {row.content_key for row in rows}
    facts = [parcel for parcel in parcels if parcel.kind == "fact" and _counts(parcel, present)]
    expected = expect(facts, stores, pseudonymisers)
    gone = people_gone(redacted, pseudonymisers)
    erased_orders = {order for who in gone for order in expected.orders_of(who)}
    subjects = {(who[0], who[1]) for who in gone} | {
        (order.store_id, Pseudonym(order.key)) for order in erased_orders
    }
    missing = [p for p in parcels if p.acknowledged and not _is_there(p, present)]
    lost = [p for p in missing if not _is_about(p, subjects, pseudonymisers)]
    return Findings(
        log_rows=len(rows),
        erased=len(missing) - len(lost),
        lost=len(lost),
        log_doubled=_doubled(rows),
        counted=count_ledger(settings, expected, _excused(erased_orders, gone)),
        parity=compare(settings, stores, expected, gone, as_of_us),
        **_dead_letters(settings, parcels, rows),
    )


def log_rows(settings: Settings) -> list[Row]:
    """Return every row of the log that came as a webhook, without its body."""
    log = open_log(settings)
    rows: list[Row] = []
    position: dict[str, int] = {}
    while found := log.read(Position(position), PAGE):
        for record in found:
            position[record.partition] = record.offset
            if record.partition.startswith("web-"):
                event = record.event
                rows.append(
                    Row(record.partition, record.offset, event.delivery_key, event.content_key)
                )
    log.close()
    return rows


def people_gone(
    redacted: Sequence[Victim], pseudonymisers: Mapping[StoreId, Pseudonymise]
) -> set[Customer]:
    """Return the pseudonyms of the people who were erased."""
    return {
        (victim.store_id, pseudonymisers[victim.store_id]("customer", victim.customer_id))
        for victim in redacted
    }


def _counts(parcel: Parcel, present: set[bytes | None]) -> bool:
    return parcel.acknowledged or _is_there(parcel, present)


def _is_there(parcel: Parcel, present: set[bytes | None]) -> bool:
    return parcel.delivery_key in present or parcel.content_key in present


def _is_about(
    parcel: Parcel,
    subjects: set[tuple[StoreId, Pseudonym]],
    pseudonymisers: Mapping[StoreId, Pseudonymise],
) -> bool:
    """Say whether a delivery is about somebody who was erased: then it is rightly gone."""
    if parcel.kind == "redact":
        return True
    webhook = parcel.webhook
    subject = subject_of(webhook.topic, webhook.body, pseudonymisers[parcel.store_id])
    return subject is not None and (parcel.store_id, subject.pseudonym) in subjects


def _doubled(rows: Sequence[Row]) -> int:
    """Count rows beyond the first of a delivery; another partition may hold it once more."""
    deliveries = Counter((row.partition, row.delivery_key) for row in rows)
    contents = Counter((row.partition, row.content_key) for row in rows if row.content_key)
    return sum(max(0, n - 1) for counted in (deliveries, contents) for n in counted.values())


def _excused(orders: set[Document], gone: set[Customer]) -> set[Document]:
    return orders | {Document(store_id, "customer", who) for store_id, who in gone}


def _dead_letters(
    settings: Settings, parcels: Sequence[Parcel], rows: Sequence[Row]
) -> dict[str, int]:
    """Compare the dead letters with the poison that was acknowledged."""
    delivery_at = {(row.partition, row.offset): row.delivery_key for row in rows}
    letters = open_feed(settings).dead_letters(LETTERS_MAX)
    dead = {delivery_at.get((letter.partition, letter.offset)) for letter in letters}
    poison = {p.delivery_key for p in parcels if p.kind == "poison" and p.acknowledged}
    sent = {p.delivery_key for p in parcels if p.kind == "poison"}
    return {"poison_missing": len(poison - dead), "dead_facts": len(dead - sent)}
