"""A store keeps the currency it was added with: amounts of two currencies are never compared."""

from shopwright.core.errors import BadInput
from shopwright.core.types.store import Store


def check_currency_stays(store: Store, known: str) -> None:
    """Raise BadInput when a store that is here with one currency is added with another."""
    if store.currency != known:
        raise BadInput(
            f"{store.store_id}: this store is here with {known}, not {store.currency}; money is "
            "never converted, so use another data folder for another currency"
        )
