"""An order of a simulated shop: what was bought, and every dated thing that happened to it after.

It is a plain record. ``bill.py`` adds it up and ``order_payload.py`` tells it as of any instant.
"""

from msgspec import Struct, field

from shopwright.simulator.catalogue import Product, Variant
from shopwright.simulator.population import Account


class Taxed(Struct, frozen=True):
    """One tax on a line or on the shipping."""

    title: str
    basis_points: int
    minor: int


class Item(Struct, kw_only=True):
    """One line."""

    line_id: int
    product: Product | None
    """None for a line that was typed in by hand."""
    variant: Variant | None
    title: str
    quantity: int
    price_minor: int
    grams: int
    gift_card: bool
    allocations: list[tuple[int, int]]
    """(index of the discount application, minor units taken off)."""
    line_discount_minor: int
    """The part of the allocations that belongs to this line's own discount."""
    taxes: tuple[Taxed, ...] = ()
    added_us: int | None = None
    """When an edit added the line; None for a line of the original order."""

    @property
    def paid_minor(self) -> int:
        """Return quantity × price less every discount; tax as the store's prices have it."""
        return self.quantity * self.price_minor - sum(minor for _, minor in self.allocations)

    @property
    def tax_minor(self) -> int:
        """Return the tax of all units."""
        return sum(tax.minor for tax in self.taxes)


class Discount(Struct, frozen=True, kw_only=True):
    """A discount application."""

    kind: str
    """``discount_code``, ``automatic`` or ``manual``."""
    title: str
    value: str
    value_type: str
    method: str
    """``across`` all lines, or ``each`` entitled one."""
    selection: str
    minor: int


class Edit(Struct, frozen=True, kw_only=True):
    """The shop changed the order: units taken off a line, or a line added."""

    edit_id: int
    at_us: int
    removed: tuple[tuple[int, int], ...]
    """(line id, units)."""
    added: tuple[tuple[int, int], ...]


class Refund(Struct, frozen=True, kw_only=True):
    """Goods, money or both went back."""

    refund_id: int
    at_us: int
    lines: tuple[tuple[int, int, int], ...]
    """(id of the refund line, line id, units)."""
    goodwill_minor: int
    """Money given back for no particular line."""
    transaction_id: int
    restock: str
    """``return``, ``cancel`` or ``no_restock``."""
    note: str


class Order(Struct, kw_only=True):
    """One order and its fate. Instants that never come are None."""

    order_id: int
    number: int
    account: Account | None
    """None for a guest of the till, or a draft that nobody was named in."""
    created_us: int
    processed_us: int
    """When it was bought; before ``created_us`` for an order that was entered afterwards."""
    items: list[Item]
    discounts: tuple[Discount, ...]
    shipping_minor: int
    shipping_line_id: int
    shipping_taxes: tuple[Taxed, ...] = ()
    tip_minor: int
    source: str
    """``web``, ``pos`` or ``shopify_draft_order``."""
    gateway: str = "shopify_payments"
    foreign: bool
    """Paid in the store's foreign currency."""
    test: bool = False
    note: str | None = None
    confirmed_us: int = 0
    """Until then ``confirmed`` is false."""
    authorized: bool = False
    """Until it is paid, the money is at least reserved."""
    paid_us: int | None = None
    lapsed_us: int | None = None
    """When the payment was voided or expired."""
    lapse: str = "voided"
    checked_us: int | None = None
    """When an app looked at the order and tagged it."""
    fulfilled_us: int | None = None
    fulfillment_id: int = 0
    edits: list[Edit] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    cancelled_us: int | None = None
    cancel_reason: str = "customer"
    deleted_us: int | None = None

    def updated_at(self, us: int) -> int:
        """Return when the order last changed, as of an instant."""
        return max(at for at in self.changes() if at <= us)

    def changes(self) -> set[int]:
        """Return every instant at which the order was made or changed."""
        dated = (
            self.confirmed_us,
            self.paid_us,
            self.lapsed_us,
            self.checked_us,
            self.fulfilled_us,
            self.cancelled_us,
        )
        changes = {self.created_us, *(at for at in dated if at is not None)}
        changes.update(edit.at_us for edit in self.edits)
        changes.update(refund.at_us for refund in self.refunds)
        return changes

    def items_at(self, us: int) -> list[Item]:
        """Return the lines that the order had at an instant."""
        return [item for item in self.items if item.added_us is None or item.added_us <= us]

    def removed_units(self, us: int) -> dict[int, int]:
        """Return units taken off by edits until an instant, by line id."""
        units: dict[int, int] = {}
        for edit in self.edits:
            if edit.at_us <= us:
                for line_id, count in edit.removed:
                    units[line_id] = units.get(line_id, 0) + count
        return units

    def refunded_units(self, us: int) -> dict[int, int]:
        """Return units refunded until an instant, by line id."""
        units: dict[int, int] = {}
        for refund in self.refunds:
            if refund.at_us <= us:
                for _, line_id, count in refund.lines:
                    units[line_id] = units.get(line_id, 0) + count
        return units
