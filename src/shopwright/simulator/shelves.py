"""Fills the shelves of a store before its first day, and sets the prices of the whole period."""

import numpy as np

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.money import minor_per_major
from shopwright.simulator.catalogue import Product, Variant, round_price
from shopwright.simulator.dated import Dated
from shopwright.simulator.identifiers import NextId
from shopwright.simulator.profile import Category, StoreProfile
from shopwright.simulator.season import Calendar, SalePeriod

_LATE_SHARE = 0.15
_ARCHIVED_SHARE = 0.06
_MARKED_DOWN_SHARE = 0.3
_LIST_PRICE_CHANGES = 0.8
"""Mean number of times that a product's list price changes within the period."""


class Shelving:
    """Makes the products that a store will ever sell between two instants.

    Most are there on the first day, some are launched later and some are taken off again.
    """

    def __init__(
        self,
        profile: StoreProfile,
        calendar: Calendar,
        span_us: tuple[int, int],
        next_id: NextId,
        rng: np.random.Generator,
    ) -> None:
        self._profile = profile
        self._sales = calendar.sales
        self._start_us, self._end_us = span_us
        self._next_id = next_id
        self._rng = rng
        self._titles: set[str] = set()

    def fill(self, units_a_day: float) -> list[Product]:
        """Return every product; ``units_a_day`` is what is expected to sell, for the stock."""
        weights = self._rng.lognormal(0.0, 0.9, self._profile.products)
        products = []
        for number, wanted in enumerate(weights / weights.sum()):
            product = self._product(number, float(wanted))
            self._price(product)
            self._stock(product, units_a_day)
            products.append(product)
        products.append(self._gift_card())
        return products

    def _product(self, number: int, popularity: float) -> Product:
        rng, profile = self._rng, self._profile
        index = number % len(profile.categories)
        category = profile.categories[index]
        created_us = self._start_us + number * US_PER_SECOND
        if rng.random() < _LATE_SHARE:
            created_us = self._morning()
        title = self._fresh_title(category)
        product = Product(
            product_id=self._next_id("product"),
            title=title,
            handle=title.lower().replace(" ", "-").replace("'", ""),
            vendor=str(rng.choice(profile.vendors)),
            category=category,
            category_index=index,
            created_us=created_us,
            archived_us=None,
            popularity=popularity,
            list_price=self._first_price(category),
            variants=[],
        )
        if rng.random() < _ARCHIVED_SHARE:
            product.archived_us = max(created_us + 30 * US_PER_DAY, self._morning())
        values = category.values[: 1 + int(rng.integers(max(1, len(category.values))))]
        for position, value in enumerate(values or ("Default Title",)):
            product.variants.append(self._variant(product, number, position, value))
        return product

    def _fresh_title(self, category: Category) -> str:
        while True:
            title = f"{self._rng.choice(self._profile.styles)} {self._rng.choice(category.makes)}"
            if title not in self._titles:
                self._titles.add(title)
                return title

    def _first_price(self, category: Category) -> int:
        """Return a list price: most of a shelf is at the cheap end of its range."""
        spread = float(self._rng.beta(1.3, 2.6))
        major = category.price_low + spread * (category.price_high - category.price_low)
        return self._round(major * minor_per_major(self._profile.currency))

    def _variant(self, product: Product, number: int, position: int, title: str) -> Variant:
        category = product.category
        shelf = "GFT" if category is None else category.product_type[:3].upper()
        return Variant(
            variant_id=self._next_id("variant"),
            inventory_item_id=self._next_id("inventory_item"),
            title=title,
            sku=f"{shelf}-{number:03d}-{position + 1}",
            barcode=f"50{product.product_id % 10**8:08d}{position:03d}",
            grams=0 if category is None else category.grams,
            prices=Dated(product.created_us, (product.list_price, None)),
            stock=Dated(product.created_us, 0),
            daily=0.0,
        )

    def _gift_card(self) -> Product:
        profile = self._profile
        values = [value * minor_per_major(profile.currency) for value in profile.gift_cards]
        product = Product(
            product_id=self._next_id("product"),
            title=f"{profile.name} gift card",
            handle="gift-card",
            vendor=profile.name,
            category=None,
            category_index=-1,
            created_us=self._start_us + profile.products * US_PER_SECOND,
            archived_us=None,
            popularity=0.0,
            list_price=values[0],
            variants=[],
        )
        for position, minor in enumerate(values):
            title = f"{profile.gift_cards[position]} {profile.currency}"
            variant = self._variant(product, 999, position, title)
            variant.prices = Dated(product.created_us, (minor, None))
            product.variants.append(variant)
        return product

    def _stock(self, product: Product, units_a_day: float) -> None:
        for variant in product.variants:
            variant.daily = units_a_day * product.popularity / len(product.variants)
            cover_days = float(self._rng.uniform(30.0, 110.0))
            variant.stock = Dated(product.created_us, max(15, round(variant.daily * cover_days)))

    def _price(self, product: Product) -> None:
        """Give every variant its list prices and its mark-downs in the sales of the period."""
        lists = [(product.created_us, product.list_price)]
        for _ in range(int(self._rng.poisson(_LIST_PRICE_CHANGES))):
            at_us = self._morning()
            factor = float(self._rng.choice([0.9, 0.95, 1.05, 1.08, 1.12]))
            if at_us > product.created_us:
                lists.append((at_us, self._round(product.list_price * factor)))
        lists.sort()
        sales = [
            sale
            for sale in self._sales
            if product.created_us < sale.start_us < self._end_us
            and self._rng.random() < _MARKED_DOWN_SHARE
        ]
        for position, variant in enumerate(product.variants):
            variant.prices = self._price_history(lists, sales, 1.0 + 0.25 * position)
        changes = set(product.variants[0].prices.since[1:])
        if product.archived_us is not None:
            changes.add(product.archived_us)
        product.changes = sorted(changes)

    def _price_history(
        self, lists: list[tuple[int, int]], sales: list[SalePeriod], dearer: float
    ) -> Dated[tuple[int, int | None]]:
        """Return price and compare-at price over time: a sale sets the list price aside."""
        first_us = lists[0][0]
        rows: dict[int, tuple[int, int | None]] = {
            when_us: (self._round(price * dearer), None) for when_us, price in lists
        }
        for sale in sales:
            before = self._round(_newest(lists, sale.start_us) * dearer)
            for us in [us for us in rows if sale.start_us <= us < sale.end_us and us > first_us]:
                del rows[us]
            rows[sale.start_us] = (self._round(before * (1.0 - sale.off_share)), before)
            rows[sale.end_us] = (self._round(_newest(lists, sale.end_us) * dearer), None)
        history = Dated(first_us, rows.pop(first_us))
        for us in sorted(rows):
            history.write(us, rows[us])
        return history

    def _round(self, minor: float) -> int:
        return round_price(minor, self._profile.price_step, self._profile.price_charm)

    def _morning(self) -> int:
        """Return a quarter past nine, UTC, of some day: nobody changes a shelf at night."""
        us = int(self._rng.integers(self._start_us + US_PER_DAY, self._end_us))
        return us - us % US_PER_DAY + (9 * 60 + 15) * 60 * US_PER_SECOND


def _newest(lists: list[tuple[int, int]], us: int) -> int:
    """Return the list price of an instant."""
    return [price for when_us, price in lists if when_us <= us][-1]
