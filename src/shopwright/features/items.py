"""THE list: what is known about products, variants and stores. Grow a version with its meaning.

With a view that is new the version of ``store`` grows too: its record says that everything a store
sold is counted in all of them.
"""

from shopwright.features.feature import Derived
from shopwright.features.item_view import Buyers, ItemFeature, ItemView, Tally
from shopwright.features.operators import RATIO, RATIO_IN_MAJOR_UNITS

_UNITS = {"net_units": "units", "returned": "units"}


def _sum(name: str, column: str, days: int | None, says: str, until: int = 0) -> Tally:
    unit = "minor units" if column.endswith("_minor") else _UNITS.get(column, column)
    return Tally(name, column, days, unit, says, until)


def _share(name: str, part: str, whole: str, says: str) -> Derived:
    return Derived(name, RATIO, (part, whole), "M", "share", says)


_INPUTS: tuple[Tally | Buyers, ...] = (
    _sum("gross_28d", "gross_minor", 28, "Merchandise sold in 28 days."),
    _sum("gross_91d", "gross_minor", 91, "Merchandise sold in 91 days."),
    _sum("refund_91d", "refund_minor", 91, "Refunded of these."),
    _sum("returned_91d", "returned", 91, "Units returned of those sold in 91 days."),
    _sum("discount_28d", "discount_minor", 28, "Discounts of 28 days."),
    _sum("list_28d", "list_minor", 28, "What 28 days would have brought without discounts."),
)

_SALES: tuple[ItemFeature, ...] = (
    _sum("orders_7d", "orders", 7, "Orders of the last 7 days."),
    _sum("orders_28d", "orders", 28, "Orders of the last 28 days."),
    _sum("units_7d", "units", 7, "Units sold in the last 7 days."),
    _sum("units_28d", "units", 28, "Units sold in the last 28 days."),
    _sum("units_91d", "units", 91, "Units sold in the last 91 days."),
    _sum("units_364d", "units", 364, "Units sold in the last 364 days."),
    _sum("units_total", "units", None, "Units sold, ever."),
    _sum("net_units_28d", "net_units", 28, "Units of the last 28 days that were not returned."),
    _sum("net_sales_28d", "net_minor", 28, "Net of the last 28 days."),
    _sum("net_sales_total", "net_minor", None, "Net, ever."),
    _share(
        "recent_units_share",
        "units_7d",
        "units_28d",
        "The last 7 days' part of 28: above 1/4 it sells faster than it did.",
    ),
    _share(
        "refund_ratio_91d",
        "refund_91d",
        "gross_91d",
        "Share of the money of 91 days that was refunded.",
    ),
    _share(
        "return_ratio_91d",
        "returned_91d",
        "units_91d",
        "Share of the units of 91 days that were returned.",
    ),
    _share(
        "discount_ratio_28d",
        "discount_28d",
        "list_28d",
        "Share of the list prices of 28 days that discounts took off.",
    ),
    Buyers("buyers_28d", 28, "customers", "Different customers of the last 28 days."),
    Buyers("buyers_total", None, "customers", "Different customers, ever."),
    _sum(
        "units_ahead_last_year",
        "units",
        364,
        "Units sold in the 28 days that followed this day "
        "a year (52 weeks) ago: the season that comes.",
        until=336,
    ),
)

_PRICE = Derived(
    "price_paid_28d",
    RATIO_IN_MAJOR_UNITS,
    ("gross_28d", "units_28d"),
    "M",
    "major units",
    "Mean price paid for a unit in the last 28 days, discounts taken off.",
)

PRODUCT = ItemView(
    name="product",
    version=1,
    entity="product",
    column="product_id",
    inputs=_INPUTS,
    features=(*_SALES, _PRICE),
)
VARIANT = ItemView(
    name="variant",
    version=1,
    entity="variant",
    column="variant_id",
    inputs=_INPUTS,
    features=(*_SALES, _PRICE),
)
STORE = ItemView(
    name="store",
    version=1,
    entity="store",
    column=None,
    inputs=(
        *_INPUTS,
        _sum("orders_ahead_28d", "orders", 364, "Orders of these 28 days.", until=336),
        _sum("orders_before_28d", "orders", 392, "Orders of the 28 days before them.", until=364),
    ),
    features=(
        _sum("orders_1d", "orders", 1, "Orders since yesterday's midnight."),
        *_SALES,
        Derived(
            "basket_28d",
            RATIO_IN_MAJOR_UNITS,
            ("gross_28d", "orders_28d"),
            "M",
            "major units",
            "Mean gross of an order of the last 28 days.",
        ),
        _share(
            "season_28d",
            "orders_ahead_28d",
            "orders_before_28d",
            "Orders of the 28 days that followed this day 52 weeks ago, over those of the 28 days "
            "before it: above 1 the season rises.",
        ),
    ),
)

ITEM_VIEWS = (PRODUCT, VARIANT, STORE)
