"""THE list: what is known about a customer. To add a feature, add it here and grow the version.

Views of a user's own are written in the same words, in a file of theirs (docs/own-features.md).

Windows are [as_of − W, as_of): an order at the instant asked about is in the future. A refund
counts against the window of its own order, from the instant it was known, so that a late return
never makes a window negative.
"""

from shopwright.features.feature import Aggregate, Derived, Relation
from shopwright.features.operators import (
    COUNT,
    COUNT_POSITIVE,
    DAYS_SINCE,
    HALVED_BY_AGE,
    MAX,
    MEAN_GAP_DAYS,
    MIN,
    PACE,
    RATIO,
    RATIO_IN_MAJOR_UNITS,
    SUM,
    Monoid,
    Rule,
)
from shopwright.features.view import FeatureView

_GROSS = (
    "`line_items[].quantity` × `line_items[].price_set.shop_money` less "
    "`line_items[].discount_allocations[].amount_set.shop_money`, less "
    "`line_items[].tax_lines[].price_set.shop_money` where `taxes_included`; without "
    "`line_items[].gift_card`"
)
_REFUND = (
    "`refunds[].refund_line_items[].subtotal_set.shop_money` from `refunds[].created_at` on, "
    "at most the gross"
)
_DISCOUNT = (
    "`line_items[].discount_allocations[].amount_set.shop_money`, less its part of the tax where "
    "`taxes_included`; without `line_items[].gift_card`"
)

ORDERS = Relation(
    name="orders",
    row="valid orders",
    lineage={
        "occurred_us": "`processed_at`, else `created_at`",
        "gross_minor": _GROSS,
        "refund_minor": _REFUND,
        "net_minor": "`gross_minor` − `refund_minor`",
        "discount_minor": _DISCOUNT,
        "list_minor": "`gross_minor` + `discount_minor`",
    },
    validity=(
        "`confirmed`, not `test`, no `cancelled_at`, `financial_status` neither `voided` nor "
        "`expired`, a `customer.id`, and no `orders/delete`; each as known before the instant "
        "asked about"
    ),
)


def _orders(name: str, says: str, *, days: int | None = None) -> Aggregate:
    return Aggregate(name, COUNT, "occurred_us", days, "F", "orders", says)


def _money(name: str, column: str, says: str, *, days: int | None = None) -> Aggregate:
    return Aggregate(name, SUM, column, days, "M", "minor units", says)


def _instant(name: str, operator: Monoid, says: str) -> Aggregate:
    return Aggregate(name, operator, "occurred_us", None, "R", "microseconds", says)


def _days(name: str, rule: Rule, of: tuple[str, ...], says: str) -> Derived:
    return Derived(name, rule, of, "R", "days", says)


CUSTOMER = FeatureView(
    name="customer",
    version=1,
    entity="customer",
    relation=ORDERS,
    inputs=(
        _instant("first_us", MIN, "The first valid order."),
        _instant("last_us", MAX, "The latest valid order."),
        _money("gross_total", "gross_minor", "Merchandise ordered, ever."),
        _money("refund_total", "refund_minor", "Merchandise refunded, ever."),
    ),
    features=(
        _days("recency_days", DAYS_SINCE, ("last_us",), "Days since the latest valid order."),
        _days("tenure_days", DAYS_SINCE, ("first_us",), "Days since the first valid order."),
        _days(
            "interpurchase_days",
            MEAN_GAP_DAYS,
            ("first_us", "last_us", "orders_total"),
            "Mean days between valid orders: (last − first) / (orders − 1).",
        ),
        _orders("orders_7d", "Valid orders in the last 7 days.", days=7),
        _orders("orders_30d", "Valid orders in the last 30 days.", days=30),
        _orders("orders_90d", "Valid orders in the last 90 days.", days=90),
        _orders("orders_total", "Valid orders, ever."),
        _money("net_spend_30d", "net_minor", "Net of orders in the last 30 days.", days=30),
        _money("net_spend_90d", "net_minor", "Net of orders in the last 90 days.", days=90),
        _money("net_spend_total", "net_minor", "Net of all orders, ever."),
        Derived(
            "aov_total",
            RATIO_IN_MAJOR_UNITS,
            ("net_spend_total", "orders_total"),
            "M",
            "major units",
            "Mean net of an order: net_spend_total / orders_total.",
        ),
        Derived(
            "refund_ratio_total",
            RATIO,
            ("refund_total", "gross_total"),
            "M",
            "share",
            "Share of the merchandise ordered that was refunded.",
        ),
    ),
)

CUSTOMER_HABITS = FeatureView(
    name="customer_habits",
    version=2,
    entity="customer",
    relation=ORDERS,
    inputs=(
        _instant("first_us", MIN, "The first valid order."),
        _instant("last_us", MAX, "The latest valid order."),
        _orders("orders_90d", "Valid orders in the last 90 days.", days=90),
        _orders("orders_180d", "Valid orders in the last 180 days.", days=180),
        _orders("orders_270d", "Valid orders in the last 270 days.", days=270),
        _orders("orders_360d", "Valid orders in the last 360 days.", days=360),
        _orders("orders_total", "Valid orders, ever."),
        _money("gross_365d", "gross_minor", "Merchandise ordered in the last 365 days.", days=365),
        _money("refund_365d", "refund_minor", "Refunded of these.", days=365),
        Aggregate(
            "orders_refunded",
            COUNT_POSITIVE,
            "refund_minor",
            None,
            "F",
            "orders",
            "Valid orders of which something was refunded.",
        ),
        Aggregate(
            "orders_discounted",
            COUNT_POSITIVE,
            "discount_minor",
            None,
            "F",
            "orders",
            "Valid orders with a discount.",
        ),
        _money("discount_365d", "discount_minor", "Discounts of the last 365 days.", days=365),
        _money("list_365d", "list_minor", "What that would have been without them.", days=365),
    ),
    features=(
        _orders("orders_365d", "Valid orders in the last 365 days.", days=365),
        _money("net_spend_365d", "net_minor", "Net of orders in the last 365 days.", days=365),
        Derived(
            "orders_decayed",
            HALVED_BY_AGE,
            ("orders_90d", "orders_180d", "orders_270d", "orders_360d", "orders_total"),
            "F",
            "orders",
            "Valid orders, each counting half as much for every 90 days of its age, 1/16 at least.",
        ),
        Derived(
            "recency_over_rhythm",
            PACE,
            ("first_us", "last_us", "orders_total"),
            "R",
            "mean gaps",
            "The wait since the latest valid order, in mean days between orders: above 1 is late.",
        ),
        Derived(
            "refunded_orders_ratio",
            RATIO,
            ("orders_refunded", "orders_total"),
            "F",
            "share",
            "Share of the orders of which something was refunded.",
        ),
        Derived(
            "refund_ratio_365d",
            RATIO,
            ("refund_365d", "gross_365d"),
            "M",
            "share",
            "Share of the merchandise ordered in the last 365 days that was refunded.",
        ),
        Derived(
            "discounted_orders_ratio",
            RATIO,
            ("orders_discounted", "orders_total"),
            "F",
            "share",
            "Share of the orders that came with a discount.",
        ),
        Derived(
            "discount_ratio_365d",
            RATIO,
            ("discount_365d", "list_365d"),
            "M",
            "share",
            "Share of the list prices of the last 365 days that discounts took off.",
        ),
        Aggregate(
            "net_largest_order",
            MAX,
            "net_minor",
            None,
            "M",
            "minor units",
            "Net of the largest order, ever.",
        ),
    ),
)
"""What tells customers apart beyond the twelve: a year of history and how it fades, discounts, and
returns."""

VIEWS = (CUSTOMER, CUSTOMER_HABITS)
