"""THE list: what is known about a customer. To add a feature, add it here and grow the version.

Windows are [as_of − W, as_of): an order at the instant asked about is in the future. A refund
counts against the window of its own order, from the instant it was known, so that a late return
never makes a window negative.
"""

from shopwright.features.feature import Aggregate, Derived, Relation
from shopwright.features.operators import (
    COUNT,
    DAYS_SINCE,
    MAX,
    MEAN_GAP_DAYS,
    MIN,
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

ORDERS = Relation(
    name="orders",
    row="valid orders",
    lineage={
        "occurred_us": "`processed_at`, else `created_at`",
        "gross_minor": _GROSS,
        "refund_minor": _REFUND,
        "net_minor": "`gross_minor` − `refund_minor`",
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

VIEWS = (CUSTOMER,)
