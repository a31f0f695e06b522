"""What can own a metafield, and which namespaces belong to an app.

https://shopify.dev/docs/apps/build/metafields/ownership
"""

from collections.abc import Mapping

from msgspec import Struct

_TYPES: Mapping[str, tuple[str, str]] = {
    "Product": ("PRODUCT", "products"),
    "ProductVariant": ("PRODUCTVARIANT", "products"),
    "Customer": ("CUSTOMER", "customers"),
    "Shop": ("SHOP", ""),
}
"""By the type in a global id: the owner type, and the scopes that open it."""

SCOPE_OF = dict(_TYPES.values())
"""By owner type, the end of its scopes' names; the shop itself needs none."""


class Owner(Struct, frozen=True):
    """Something that metafields hang on."""

    typename: str
    number: int

    @property
    def id(self) -> str:
        """The global id."""
        return f"gid://shopify/{self.typename}/{self.number}"

    @property
    def type(self) -> str:
        """The name in ``MetafieldOwnerType``."""
        return _TYPES[self.typename][0]


def owner_of(text: str) -> Owner | None:
    """Return the owner that a global id names, None when such a thing owns no metafields here."""
    kind, _, number = text.removeprefix("gid://shopify/").partition("/")
    if kind not in _TYPES or not number.isdecimal() or not text.startswith("gid://"):
        return None
    return Owner(kind, int(number))


class Namespaces:
    """How one app reads and may use the names of namespaces."""

    def __init__(self, app_number: int) -> None:
        self.own = f"app--{app_number}"

    def full(self, text: str | None) -> str:
        """Return the whole name; ``$app``, and nothing at all, mean the app's own."""
        if text is None or text == "$app":
            return self.own
        if text.startswith("$app:"):
            return f"{self.own}--{text.removeprefix('$app:')}"
        return text

    def is_own(self, namespace: str) -> bool:
        """Return whether only this app may write there."""
        return namespace == self.own or namespace.startswith(f"{self.own}--")

    def is_foreign(self, namespace: str) -> bool:
        """Return whether another app owns it, or Shopify keeps it to itself."""
        if namespace.startswith("app--"):
            return not self.is_own(namespace)
        return namespace in ("shopify_standard", "protected", "shopify-l10n-fields")

    def is_standard(self, namespace: str) -> bool:
        """Return whether Shopify's standard definitions have it."""
        return namespace.startswith("shopify--")
