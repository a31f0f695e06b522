"""Reads what a comparison of ids found and no webhook ever said: something is gone, or merged.

What is compared are pseudonyms, so that is what the bodies name; nobody outside can send them.
"""

import msgspec
from msgspec import Struct

from shopwright.core.errors import Unreadable
from shopwright.core.types.customer import CustomerFact, CustomerMerge
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import OrderDeletion
from shopwright.core.types.product import ProductFact
from shopwright.events.reading import Reading, check_range_us, decode

TOPIC = "admin/gone"
MERGED_TOPIC = "admin/merged"


class Gone(Struct, frozen=True, kw_only=True):
    """What is gone: a pseudonym's hex, or a product's id, and when that was noticed."""

    kind: str
    """``order``, ``customer`` or ``product``."""
    which: str
    noticed_us: int


class Merged(Struct, frozen=True, kw_only=True):
    """One customer's orders belong to another now, and the first is no longer there."""

    merged: str
    """Pseudonym's hex, as is ``kept``."""
    kept: str
    noticed_us: int


def encode(gone: Gone | Merged) -> bytes:
    """Return the body of the event."""
    return msgspec.json.encode(gone)


def read_gone(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return the deletion; it counts from when it was noticed. Raises Unreadable."""
    gone = decode(_GONE, body)
    check_range_us(gone.noticed_us)
    if gone.kind == "product":
        return (
            ProductFact(
                product_id=gone.which,
                updated_us=gone.noticed_us,
                triggered_us=reading.triggered_us,
                title="",
                category="",
                status="",
                vendor="",
                deleted=True,
                variants=(),
            ),
        )
    who = _pseudonym(gone.which)
    if gone.kind == "order":
        return (OrderDeletion(order=who, known_us=gone.noticed_us),)
    if gone.kind == "customer":
        return (
            CustomerFact(
                customer=who,
                created_us=None,
                updated_us=gone.noticed_us,
                triggered_us=0,
                state="",
                deleted=True,
            ),
        )
    raise Unreadable("neither an order nor a customer nor a product is gone")


def read_merged(body: bytes, _reading: Reading) -> tuple[Telling, ...]:
    """Return the merge; it counts from when it was noticed. Raises Unreadable."""
    merged = decode(_MERGED, body)
    check_range_us(merged.noticed_us)
    return (
        CustomerMerge(
            merged=_pseudonym(merged.merged),
            kept=_pseudonym(merged.kept),
            known_us=merged.noticed_us,
        ),
    )


def _pseudonym(text: str) -> Pseudonym:
    try:
        return Pseudonym(bytes.fromhex(text))
    except ValueError:
        raise Unreadable("it is named by no pseudonym") from None


_GONE = msgspec.json.Decoder(Gone)
_MERGED = msgspec.json.Decoder(Merged)
