"""What nearly every request asks the control database, remembered for a moment.

A secret that is added or taken back, or a store that is added, counts here within a second.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.ports import Stores
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store

REMEMBERED_US = US_PER_SECOND
REMEMBERED_MAX = 10_000
"""Outsiders choose the names that are asked for, so they must not fill the memory."""

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """Answers of a function of one text, each at most a second old."""

    def __init__(self, ask: Callable[[str], Value], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._answers: dict[str, tuple[int, Value]] = {}

    def __call__(self, text: str) -> Value:
        """Return the answer; what the function raises is raised, and not remembered."""
        now_us = self._clock.now_us()
        known = self._answers.get(text)
        # A clock that was set back makes an answer look young for ever: then ask again.
        if known is not None and 0 <= now_us - known[0] < REMEMBERED_US:
            return known[1]
        answer = self._ask(text)
        if len(self._answers) >= REMEMBERED_MAX:
            self._answers.clear()
        self._answers[text] = (now_us, answer)
        return answer


class RememberedStores:
    """The directory of stores, each store at most a second old."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._stores = stores
        self._get = Remembered(lambda shop: stores.get(StoreId(shop)), clock)

    def put(self, store: Store) -> None:
        """Add a store; it may take a second to count here."""
        self._stores.put(store)

    def get(self, store_id: StoreId) -> Store:
        """Return a store. Raises UnknownStore."""
        return self._get(store_id)

    def all(self) -> Sequence[Store]:
        """Return every store, by domain."""
        return self._stores.all()

    def forget(self, store_id: StoreId) -> bool:
        """Remove a store from the list; it may take a second to count here."""
        return self._stores.forget(store_id)
