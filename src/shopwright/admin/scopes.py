"""Which access scopes we ask for, what each is for, and what is lost without it.

https://shopify.dev/docs/api/usage/access-scopes
"""

from collections.abc import Collection

from msgspec import Struct

LIMITED_DAYS = 60
"""Orders that an app sees without ``read_all_orders``."""


class Capability(Struct, frozen=True, kw_only=True):
    """Something that needs a scope."""

    scope: str
    gives: str
    without: str
    needed: bool = False
    """Whether nothing at all works without it."""


CAPABILITIES = (
    Capability(
        scope="read_orders",
        gives="orders, refunds and edits",
        without="nothing can be learned",
        needed=True,
    ),
    Capability(
        scope="read_all_orders",
        gives="orders of any age",
        without=f"only orders of the last {LIMITED_DAYS} days are seen, and models train on those",
    ),
    Capability(
        scope="read_customers",
        gives="which customer ordered, and who was merged with whom",
        without="orders belong to nobody: there are no features and no predictions of customers",
        needed=True,
    ),
    Capability(
        scope="read_products",
        gives="products, variants, categories and prices",
        without="products and categories are known by what orders say of them only",
    ),
    Capability(
        scope="read_inventory",
        gives="stock by place",
        without="stock is known by what products say of it only",
    ),
    Capability(
        scope="read_locations",
        gives="a look at which stock changed",
        without="a change of stock that no webhook told stays unknown until the next backfill",
    ),
    Capability(
        scope="read_customer_merge",
        gives="merges of customers as they happen",
        without="a merged customer is found at the next comparison, within a day",
    ),
)

REQUESTED = tuple(one.scope for one in CAPABILITIES)
"""What the app asks the merchant for."""


def missing(granted: Collection[str]) -> tuple[Capability, ...]:
    """Return the capabilities that the granted scopes do not give."""
    return tuple(one for one in CAPABILITIES if one.scope not in granted)
