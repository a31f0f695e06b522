"""What is told about a simulated store before its first day: a description, no behaviour."""

from msgspec import Struct

from shopwright.simulator.season import Season


class TaxLine(Struct, frozen=True):
    """One tax: its title and its rate in basis points (2000 is 20 %)."""

    title: str
    basis_points: int


class Place(Struct, frozen=True):
    """A town where customers live, and the taxes on goods sent there (empty: the store's own)."""

    city: str
    province: str
    province_code: str
    zip_pattern: str
    """Where ``#`` stands for a digit."""
    taxes: tuple[TaxLine, ...] = ()


class Country(Struct, frozen=True, kw_only=True):
    """Where the store's customers live; all names, streets and numbers are invented."""

    name: str
    code: str
    locale: str
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    streets: tuple[str, ...]
    places: tuple[Place, ...]
    phone_pattern: str


class Category(Struct, frozen=True, kw_only=True):
    """One shelf of the store."""

    full_name: str
    """Written like Shopify's taxonomy: ``Home & Garden > Decor > Candles``."""
    taxonomy_id: str
    product_type: str
    makes: tuple[str, ...]
    """Nouns; a product's title is one of the store's styles and one of these."""
    price_low: int
    price_high: int
    """Range of list prices, in major units."""
    grams: int
    tax: str = "standard"
    """Key of the store's ``taxes``."""
    option: str = ""
    """Name of the option that tells variants apart; empty for a single variant."""
    values: tuple[str, ...] = ()
    months: tuple[float, ...] = ()
    """Twelve relative demands; empty for a shelf that sells alike all year."""


class StoreProfile(Struct, frozen=True, kw_only=True):
    """Everything that makes one store unlike another."""

    domain: str
    name: str
    currency: str
    taxes_included: bool
    taxes: dict[str, tuple[TaxLine, ...]]
    """By tax class; where a place names its own taxes, those replace ``standard``."""
    country: Country
    season: Season
    categories: tuple[Category, ...]
    styles: tuple[str, ...]
    vendors: tuple[str, ...]
    products: int
    price_step: int
    """Prices are whole multiples of this many minor units, less ``price_charm``."""
    price_charm: int
    shipping: int
    """Minor units; free from ``free_shipping_from`` on."""
    free_shipping_from: int
    gift_cards: tuple[int, ...]
    """Values of the gift cards on sale, in major units."""
    mix: dict[str, float]
    """Share of each temperament among new customers, by name."""
    foreign_currency: str
    foreign_rate: float
    """Units of the foreign currency, which a few customers pay in, for one of the store's."""
    codes: tuple[tuple[str, int], ...]
    """Discount codes and their percentage off the order; the first is for first orders."""


class Scale(Struct, frozen=True, kw_only=True):
    """How big a simulated shop is."""

    customers: int
    """About how many customers have ordered by the end of the history."""
    days: int
    fulfilment_told_share: float
    """Share of orders whose dispatch the shop tells; the others ship from an outside system."""
    stock_told: bool = True
    """Whether every change of stock is told."""


FAST = Scale(customers=700, days=400, fulfilment_told_share=0.03)
NORMAL = Scale(customers=2_000, days=400, fulfilment_told_share=0.95)
