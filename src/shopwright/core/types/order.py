"""An order as the shop tells it (facts) and as the ledger keeps it (versions)."""

from msgspec import Struct

from shopwright.core.types.identity import Pseudonym, StoreId

UNTIL_FOREVER_US = (1 << 63) - 1
"""``known_until_us`` of a version that nothing has replaced."""


class Line(Struct, frozen=True, kw_only=True, array_like=True):
    """One order line in shop money, minor units."""

    line_id: str
    product_id: str | None
    variant_id: str | None
    sku: str | None
    quantity: int
    """Units ordered, less units that an edit took off again (not those refunded)."""
    gross_minor: int
    """quantity × unit price − all discounts, tax taken out where prices include it."""
    gift_card: bool
    discount_minor: int = 0
    """What discounts took off, of the line and of the whole order; without tax, like the gross."""
    returned: int = 0
    """In a version: units refunded as known then, at most ``quantity``. A telling says 0."""
    refund_minor: int = 0
    """In a version: merchandise refunded as known then, at most ``gross_minor``."""


class Refund(Struct, frozen=True, kw_only=True, array_like=True):
    """One refund: what merchandise came back, and from when that was known."""

    refund_id: str
    known_us: int
    lines: tuple[tuple[str, int, int], ...]
    """(line_id, units, minor units of merchandise without tax), one per refunded line."""


class OrderFact(Struct, frozen=True, kw_only=True, tag="order", omit_defaults=True):
    """One telling of a whole order: what a payload updated at ``updated_us`` said."""

    order: Pseudonym
    customer: Pseudonym | None
    occurred_us: int
    """``processed_at``, else ``created_at``."""
    created_us: int
    updated_us: int
    triggered_us: int
    """Tie-break of two tellings within one second; 0 where the source has none."""
    test: bool
    confirmed: bool
    cancelled_us: int | None
    voided: bool
    """Financial status voided or expired: undated by Shopify, so known from ``updated_us``."""
    edited_off: tuple[tuple[str, int, int], ...]
    """(line_id, units, minor units) taken off by an edit; undated, known from ``updated_us``."""
    lines: tuple[Line, ...]
    """Lines before ``edited_off`` is taken off."""
    refunds: tuple[Refund, ...]
    partial: bool = False
    """Told by a source that leaves much out: it counts only while nobody told the order whole."""


class RefundFact(Struct, frozen=True, kw_only=True, tag="refund"):
    """A refund that came by itself (``refunds/create``), perhaps before its order."""

    order: Pseudonym
    refund: Refund


class OrderDeletion(Struct, frozen=True, kw_only=True, tag="deletion"):
    """The order was deleted in the shop."""

    order: Pseudonym
    known_us: int


class OrderEdit(Struct, frozen=True, kw_only=True, tag="edit"):
    """``orders/edited``: only deltas, so it asks for a newer telling and changes nothing itself."""

    order: Pseudonym
    known_us: int


OrderTelling = OrderFact | RefundFact | OrderDeletion | OrderEdit


class OrderVersion(Struct, frozen=True, kw_only=True, array_like=True):
    """What was known of an order for questions with known_us < as_of <= known_until_us."""

    store_id: StoreId
    order: Pseudonym
    version: int
    """0, 1, 2 … in the order in which they became known."""
    customer: Pseudonym | None
    known_us: int
    known_until_us: int
    occurred_us: int
    valid: bool
    """Sold, and to somebody: it counts for a customer."""
    gross_minor: int
    """Merchandise without gift cards."""
    refund_minor: int
    """Refunded merchandise, capped at gross."""
    lines: tuple[Line, ...]
    reconstructed: bool
    """No telling of this state was received; it is derived from the dates in a later one."""
    sold: bool
    """Confirmed, not a test, not deleted, not voided, not cancelled: it counts for a product."""
    discount_minor: int
    """What discounts took off the merchandise without gift cards."""


def by_customer(one: OrderVersion) -> tuple[str, bytes, int, bytes, int]:
    """Return what orders versions by store, customer (nobody first), instant, order and version."""
    return one.store_id, one.customer or b"", one.occurred_us, one.order, one.version
