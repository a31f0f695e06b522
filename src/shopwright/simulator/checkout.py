"""Turns a basket into the lines, taxes and shipping of an order; keeps nothing."""

from shopwright.simulator.basket import Pick
from shopwright.simulator.bill import tax_of
from shopwright.simulator.identifiers import NextId
from shopwright.simulator.order import Item, Order, Taxed
from shopwright.simulator.profile import StoreProfile, TaxLine


def line_of(pick: Pick, at_us: int, next_id: NextId) -> Item:
    """Return a line at the price of the moment, without discounts or taxes as yet."""
    product, variant, units = pick
    return Item(
        line_id=next_id("line_item"),
        product=product,
        variant=variant,
        title=product.title,
        quantity=units,
        price_minor=variant.prices.at(at_us)[0],
        grams=variant.grams,
        gift_card=product.gift_card,
        allocations=[],
        line_discount_minor=0,
    )


def hand_line(profile: StoreProfile, next_id: NextId) -> Item:
    """Return a line that names no product, as drafts have them."""
    return Item(
        line_id=next_id("line_item"),
        product=None,
        variant=None,
        title="Sample box",
        quantity=1,
        price_minor=profile.price_step * 5,
        grams=500,
        gift_card=False,
        allocations=[],
        line_discount_minor=0,
    )


def shipping_minor(items: list[Item], source: str, profile: StoreProfile) -> int:
    """Return what delivery costs: nothing at the counter, for gift cards, and above a limit."""
    if source == "pos" or all(item.gift_card for item in items):
        return 0
    goods = sum(item.paid_minor for item in items)
    return 0 if goods >= profile.free_shipping_from else profile.shipping


def tax(order: Order, profile: StoreProfile) -> None:
    """Tax every line and the shipping of an order, by where it goes."""
    home = profile.country.places[0].taxes
    account = order.account
    local = home if account is None else account.address_at(order.created_us).taxes
    for item in order.items:
        item.taxes = _line_taxes(item, local, profile)
    if order.shipping_minor and profile.taxes_included:
        order.shipping_taxes = tax_of(
            order.shipping_minor, profile.taxes["standard"], included=True
        )


def _line_taxes(item: Item, local: tuple[TaxLine, ...], profile: StoreProfile) -> tuple[Taxed, ...]:
    if item.gift_card:
        return ()
    category = None if item.product is None else item.product.category
    kind = "standard" if category is None else category.tax
    taxes = local if local and kind == "standard" else profile.taxes[kind]
    return tax_of(item.paid_minor, taxes, included=profile.taxes_included)
