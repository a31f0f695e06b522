"""What a customer puts into the basket: tastes, prices, seasons and what is on the shelf."""

import numpy as np
import numpy.typing as npt

from shopwright.core.clock import to_datetime
from shopwright.simulator.catalogue import Product, Variant, receive
from shopwright.simulator.population import Person

Pick = tuple[Product, Variant, int]
"""Product, variant and units."""

_GIFT_CARD_SHARE = 0.012


class Shelf:
    """The products of a store, laid out so that a choice is a handful of array operations."""

    def __init__(self, products: list[Product]) -> None:
        self._goods = [product for product in products if not product.gift_card]
        self._gift_card = next(product for product in products if product.gift_card)
        self._category = np.array([product.category_index for product in self._goods])
        self._popularity = np.array([product.popularity for product in self._goods])
        prices = np.array([product.list_price for product in self._goods], dtype=float)
        self._list_price = prices
        self._dearness = prices / np.median(prices)
        self._months = np.array([_months(product) for product in self._goods])

    def choose(self, person: Person, at_us: int, rng: np.random.Generator) -> list[Pick]:
        """Return the basket of a person at an instant; a gift card where nothing else is left."""
        habits = person.temperament
        if rng.random() < _GIFT_CARD_SHARE:
            return [self._card(rng)]
        weights = self._weights(person, at_us)
        wanted = 1 + int(rng.poisson(habits.extra_lines))
        lines = min(wanted, int(np.count_nonzero(weights)))
        if lines == 0:
            return [self._card(rng)]
        chosen = rng.choice(len(weights), size=lines, replace=False, p=weights / weights.sum())
        return [self._pick(self._goods[index], habits.extra_units, at_us, rng) for index in chosen]

    def _weights(self, person: Person, at_us: int) -> npt.NDArray[np.float64]:
        """Return how much each product is wanted; zero for what cannot be had."""
        month = to_datetime(at_us).month - 1
        now = np.array([self._price_now(product, at_us) for product in self._goods])
        cheaper = np.where(now > 0.0, self._list_price / np.maximum(now, 1.0), 0.0)
        wanted: npt.NDArray[np.float64] = (
            self._popularity
            * person.tastes[self._category]
            * self._months[:, month]
            * self._dearness**person.temperament.dearness
            * cheaper**person.price_response
        )
        return wanted

    def _price_now(self, product: Product, at_us: int) -> float:
        """Return the price at an instant; zero when the product is not for sale or sold out."""
        if not product.on_sale_at(at_us):
            return 0.0
        left = 0
        for variant in product.variants:
            receive(product, variant, at_us)
            left += variant.stock.at(at_us)
        return float(product.variants[0].prices.at(at_us)[0]) if left else 0.0

    def _pick(
        self, product: Product, extra_units: float, at_us: int, rng: np.random.Generator
    ) -> Pick:
        there = [variant for variant in product.variants if variant.stock.at(at_us)]
        variant = there[int(rng.integers(len(there)))]
        units = min(1 + int(rng.poisson(extra_units)), variant.stock.at(at_us))
        return product, variant, units

    def _card(self, rng: np.random.Generator) -> Pick:
        cards = self._gift_card.variants
        return self._gift_card, cards[int(rng.integers(len(cards)))], 1


def _months(product: Product) -> npt.NDArray[np.float64]:
    months = product.category.months if product.category is not None else ()
    return np.asarray(months or (1.0,) * 12, dtype=float)
