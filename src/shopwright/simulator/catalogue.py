"""What is on the shelves: products, variants, and how price and stock move over time."""

from msgspec import Struct, field

from shopwright.core.clock import US_PER_DAY
from shopwright.simulator.dated import Dated
from shopwright.simulator.profile import Category


class Variant(Struct, kw_only=True):
    """One variant; its history is dated, so that it can be told as of any instant."""

    variant_id: int
    inventory_item_id: int
    title: str
    sku: str
    barcode: str
    grams: int
    prices: Dated[tuple[int, int | None]]
    """Price and compare-at price, minor units."""
    stock: Dated[int]
    """Units on hand."""
    daily: float
    """Units a day that the shopkeeper expects to sell, and reorders by."""
    arriving: tuple[int, int] | None = None
    """(when, units) of the delivery that is under way."""

    def updated_at(self, us: int) -> int:
        """Return when price or stock last changed before an instant."""
        return max(self.prices.changed_at(us), self.stock.changed_at(us))


class Product(Struct, kw_only=True):
    """One product on a shelf of the store."""

    product_id: int
    title: str
    handle: str
    vendor: str
    category: Category | None
    """None for gift cards, which stand on no shelf."""
    category_index: int
    created_us: int
    archived_us: int | None
    popularity: float
    list_price: int
    """Usual price of the first variant, minor units: what choices compare with."""
    variants: list[Variant]
    changes: list[int] = field(default_factory=list)
    """Instants at which the shop tells the product again."""

    @property
    def gift_card(self) -> bool:
        """Say whether this is a gift card."""
        return self.category is None

    def on_sale_at(self, us: int) -> bool:
        """Say whether the product can be bought at an instant, stock aside."""
        return self.created_us <= us and (self.archived_us is None or us < self.archived_us)


def take(product: Product, variant: Variant, units: int, at_us: int) -> None:
    """Take units off the shelf, and reorder when the shelf runs low."""
    left = max(0, variant.stock.at(at_us) - units)
    _set_stock(variant, at_us, left)
    if left == 0:
        product.changes.append(at_us)
    if variant.arriving is None and left <= 18.0 * variant.daily:
        # The lead time follows from the shelf itself: 9 to 24 days, without throwing dice.
        lead_days = 9 + (variant.variant_id // 7 + left) % 16
        variant.arriving = (at_us + lead_days * US_PER_DAY, max(20, round(90 * variant.daily)))


def put_back(variant: Variant, units: int, at_us: int) -> None:
    """Put returned units back on the shelf."""
    _set_stock(variant, at_us, variant.stock.at(at_us) + units)


def receive(product: Product, variant: Variant, now_us: int) -> None:
    """Let a delivery arrive whose day has come."""
    if variant.arriving is not None and variant.arriving[0] <= now_us:
        when_us, units = variant.arriving
        variant.arriving = None
        _set_stock(variant, when_us, variant.stock.at(when_us) + units)
        product.changes.append(when_us)


def _set_stock(variant: Variant, at_us: int, units: int) -> None:
    """Write the stock from an instant on; what is dated later (a return) moves along with it."""
    change = units - variant.stock.at(at_us)
    place = variant.stock.write(at_us, units)
    values = variant.stock.values
    for later in range(place + 1, len(values)):
        values[later] = max(0, values[later] + change)


def round_price(minor: float, step: int, charm: int) -> int:
    """Return a price as shops write it: a multiple of the step, less the charm (0.01, say)."""
    return max(step, round(minor / step) * step) - charm
