"""A webhook that says the app is gone, or its scopes changed, makes the store's look due."""

from msgspec.structs import replace

from shopwright.adapters.memory_connections import MemoryConnections
from shopwright.app.ask_soon import HINTS, ask_soon
from shopwright.app.heal_lane import is_due
from shopwright.core.clock import US_PER_SECOND
from shopwright.core.types.connection import Connection
from shopwright.core.types.identity import StoreId
from shopwright.events.shopify import TOPICS

STORE = StoreId("a.myshopify.com")
NOW_US = 1_790_000_000 * US_PER_SECOND
CONNECTED = Connection(
    store_id=STORE,
    mode="oauth",
    connected_us=NOW_US,
    looked_us=NOW_US,
    backfill_from_us=1,
    api_version="2026-10",
)


def test_the_look_is_due_at_once() -> None:
    connections = MemoryConnections()
    connections.put(CONNECTED)
    assert not is_due(CONNECTED, 60, NOW_US + US_PER_SECOND)
    ask_soon(connections, STORE)
    known = connections.get(STORE)
    assert known is not None
    assert is_due(known, 60, NOW_US + US_PER_SECOND)
    assert replace(known, looked_us=NOW_US) == CONNECTED


def test_a_store_that_is_not_connected_stays_so() -> None:
    connections = MemoryConnections()
    ask_soon(connections, STORE)
    assert list(connections.all()) == []


def test_the_topics_are_taken_in() -> None:
    assert HINTS <= TOPICS


def test_when_a_store_is_due() -> None:
    hour_us = 3_600 * US_PER_SECOND
    assert is_due(CONNECTED, 60, NOW_US + hour_us)
    assert not is_due(CONNECTED, 60, NOW_US + hour_us - 1)
    assert not is_due(CONNECTED, 0, NOW_US + 9 * hour_us)
    assert not is_due(replace(CONNECTED, state="authorise_again"), 60, NOW_US + 9 * hour_us)
    assert not is_due(replace(CONNECTED, backfill_from_us=None), 60, NOW_US + 9 * hour_us)
