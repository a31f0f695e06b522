"""What is left of facts about an erased person: the sale stays, the person goes.

Only the person's own facts vanish. An order keeps its lines, so that stock and demand stay true,
but names nobody and is no longer valid for any customer feature.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from shopwright.core.types.customer import ContactFact, CustomerFact, CustomerMerge
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import OrderFact, OrderVersion


def without_customer(tellings: Sequence[Telling], customer: Pseudonym) -> tuple[Telling, ...]:
    """Return what may still be told once the customer is erased.

    Of a guest's order or checkout, given in the customer's place, the contacts go.
    """
    return tuple(
        _anonymous(telling, customer) for telling in tellings if not _is_about(telling, customer)
    )


def version_without_customer(version: OrderVersion) -> OrderVersion:
    """Return a version of an order as it stands once its customer is erased."""
    return replace(version, customer=None, valid=False)


def _is_about(telling: Telling, customer: Pseudonym) -> bool:
    if isinstance(telling, CustomerFact):
        return telling.customer == customer
    if isinstance(telling, ContactFact):
        return telling.subject == customer
    return isinstance(telling, CustomerMerge) and customer in (telling.merged, telling.kept)


def _anonymous(telling: Telling, customer: Pseudonym) -> Telling:
    if isinstance(telling, OrderFact) and telling.customer == customer:
        return replace(telling, customer=None)
    return telling
