"""Whom a request is about: everyone who is the same person, and what belongs to them alone."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from shopwright.core.ports import Ledger
from shopwright.core.types.customer import ContactFact, CustomerMerge
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document
from shopwright.core.types.order import OrderFact
from shopwright.core.types.privacy import PrivacyRequest
from shopwright.pipelines.erase_progress import Progress
from shopwright.pipelines.unseal import merges_of, reached

ASKED_AT_ONCE = 500


class Plan(Struct, frozen=True, kw_only=True):
    """The subjects of a request, each list sorted."""

    customers: tuple[Pseudonym, ...]
    contacts: tuple[Pseudonym, ...]
    orders: tuple[Pseudonym, ...]
    shared: tuple[Pseudonym, ...]
    """Orders that name the person and now belong to somebody else."""
    checkouts: tuple[Pseudonym, ...]
    reaching: tuple[Pseudonym, ...]
    """Guests' orders and checkouts that were found by their contacts."""


def plan(ledger: Ledger, request: PrivacyRequest) -> Plan:
    """Return the closure of a request.

    Customers: those named (those with the addresses, where only addresses were given), and whoever
    was merged with them, both ways. Contacts: the addresses given and those of the customers.
    Orders: those that name one of them, those listed, and those of guests with such a contact.
    """
    store_id = request.store_id
    named = _people_among(ledger, store_id, request.customers)
    if not request.customers:
        named = _people_at(ledger, store_id, request.contacts)
    customers = _merged_with(named, _merges(ledger, store_id))
    reached_at = _facts(ledger, [reached(store_id, who) for who in sorted(customers)])
    contacts = {*request.contacts, *(fact.contact for fact in reached_at)}
    guests = {fact.subject for fact in _of(ledger, store_id, sorted(contacts), "order")}
    checkouts = {fact.subject for fact in _of(ledger, store_id, sorted(contacts), "checkout")}
    versions = ledger.orders_of(store_id, sorted(customers))
    theirs = {version.order for of_one in versions.values() for version in of_one}
    everything = sorted({*theirs, *guests, *request.orders})
    shared = {order for order in everything if _is_of_others(ledger, store_id, order, customers)}
    return Plan(
        customers=tuple(sorted(customers)),
        contacts=tuple(sorted(contacts)),
        orders=tuple(order for order in everything if order not in shared),
        shared=tuple(sorted(shared)),
        checkouts=tuple(sorted(checkouts)),
        reaching=tuple(sorted({*guests, *checkouts} - shared)),
    )


def told_since(ledger: Ledger, request: PrivacyRequest, progress: Progress) -> Progress:
    """Return the progress with whom and what the ledger has come to know since the plan was made.

    To be asked in the very step that destroys the people's keys, so that nothing comes in between:
    a sale that was not kept before that could not be told by the log again.
    """
    known = replace(request, customers=progress.customers, contacts=progress.contacts)
    found = plan(ledger, known)
    orders = {*progress.orders, *found.orders} - {*progress.shared}
    return replace(
        progress,
        customers=tuple(sorted({*progress.customers, *found.customers})),
        contacts=tuple(sorted({*progress.contacts, *found.contacts})),
        orders=tuple(sorted(orders)),
        shared=tuple(sorted({*progress.shared, *found.shared} - orders)),
        others=tuple(dict.fromkeys((*progress.others, *found.checkouts))),
        reaching=tuple(sorted({*progress.reaching, *found.reaching})),
    )


def _people_among(
    ledger: Ledger, store_id: StoreId, subjects: Sequence[Pseudonym]
) -> set[Pseudonym]:
    """Leave out what is an order: where data was restored, nobody knows which subject is which."""
    orders = ledger.tellings([Document(store_id, "order", who) for who in subjects])
    return set(subjects) - {Pseudonym(document.key) for document in orders}


def _people_at(ledger: Ledger, store_id: StoreId, contacts: Sequence[Pseudonym]) -> set[Pseudonym]:
    """Return the customers with all of these addresses; where nobody has all, those with any.

    Two who share a telephone number are told apart by the e-mail address that was given with it.
    """
    at_each = [
        {fact.subject for fact in _of(ledger, store_id, [one], "customer")} for one in contacts
    ]
    known = [people for people in at_each if people]
    if not known:
        return set()
    return set.intersection(*known) or set.union(*known)


def _of(
    ledger: Ledger, store_id: StoreId, contacts: Iterable[Pseudonym], kind: str
) -> list[ContactFact]:
    found = _facts(ledger, [Document(store_id, "contact", one) for one in contacts])
    return [fact for fact in found if fact.kind == kind]


def _facts(ledger: Ledger, documents: Sequence[Document]) -> list[ContactFact]:
    told = ledger.tellings(documents)
    return [fact for of_one in told.values() for fact in of_one if isinstance(fact, ContactFact)]


def _merges(ledger: Ledger, store_id: StoreId) -> list[CustomerMerge]:
    document = merges_of(store_id)
    told = ledger.tellings([document]).get(document, ())
    return [merge for merge in told if isinstance(merge, CustomerMerge)]


def _merged_with(named: set[Pseudonym], merges: Sequence[CustomerMerge]) -> set[Pseudonym]:
    same: dict[Pseudonym, set[Pseudonym]] = {}
    for merge in merges:
        same.setdefault(merge.merged, set()).add(merge.kept)
        same.setdefault(merge.kept, set()).add(merge.merged)
    found, waiting = set(named), list(named)
    while waiting:
        new = same.get(waiting.pop(), set()) - found
        found |= new
        waiting.extend(new)
    return found


def _is_of_others(
    ledger: Ledger, store_id: StoreId, order: Pseudonym, customers: set[Pseudonym]
) -> bool:
    """Say whether the newest telling of an order names somebody who is not to be erased."""
    document = Document(store_id, "order", order)
    facts = [
        fact
        for fact in ledger.tellings([document]).get(document, ())
        if isinstance(fact, OrderFact)
    ]
    if not facts:
        return False
    newest = max(facts, key=lambda fact: (fact.updated_us, fact.triggered_us))
    return newest.customer is not None and newest.customer not in customers
