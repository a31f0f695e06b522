"""S7: two stores on one machine: not one byte of the other's in any answer, whatever is asked.

The calls are made from the routing table itself, so a route that is added later is asked too. Store
B is full of words and numbers that stand nowhere else; they are what is looked for.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

import pytest
from counts import cases
from made_access import add_key, add_user
from made_web import SHOP, STORE, Backroom, Client, delivery_headers, order_body, running
from msgspec.structs import replace
from visitor import NAME, PUBLIC, Visitor

from shopwright.app.web.asgi import WebApp
from shopwright.core.types.access import Scope
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store
from shopwright.privacy.pseudonyms import show

OTHER = "zebrafish-lamps.myshopify.com"
NOWHERE = "quagga-lamps.myshopify.com"
OTHER_SECRET = b"another hush"
CUSTOMER, OTHER_CUSTOMER = "777000111", "888000222"
PRICE = "91827364.55"
"""What somebody spent at B, as the console and the features tell it."""
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


class World(NamedTuple):
    """Both stores, filled."""

    backroom: Backroom
    marks: tuple[bytes, ...]
    """What stands in B's data and nowhere else."""
    people: dict[str, str]
    """Whom to ask about: pseudonyms and ids of both."""


async def _filled(backroom: Backroom) -> World:
    backroom.stores.put(
        Store(
            store_id=StoreId(OTHER), currency="CHF", timezone="Pacific/Auckland", added_us=1_234_567
        )
    )
    backroom.secrets.add(StoreId(OTHER), OTHER_SECRET)
    now_us = backroom.clock.now_us()
    async with running(backroom.app()) as client:
        await _deliver(client, backroom, SHOP, b"hush", CUSTOMER, "20.00", now_us)
        await _deliver(client, backroom, OTHER, OTHER_SECRET, OTHER_CUSTOMER, PRICE, now_us)
    backroom.materialize()
    backroom.crown()
    ours, theirs = (
        show(backroom.scoring.pseudonym_of(StoreId(shop), person))
        for shop, person in ((SHOP, CUSTOMER), (OTHER, OTHER_CUSTOMER))
    )
    vector, record = backroom.scoring.vector(
        StoreId(OTHER), backroom.scoring.pseudonym_of(StoreId(OTHER), OTHER_CUSTOMER), now_us
    )
    assert record is not None
    assert vector.values["net_spend_total"] == 9_182_736_455
    marks = (OTHER.encode(), b"zebrafish", b"Auckland", b"CHF", b"9182736455", theirs.encode())
    people = {"ours": ours, "our id": CUSTOMER, "theirs": theirs, "their id": OTHER_CUSTOMER}
    return World(backroom, marks, people)


async def _deliver(
    client: Client, backroom: Backroom, shop: str, secret: bytes, person: str, price: str, us: int
) -> None:
    body = order_body(4_000 + len(shop), int(person), us - 1, price)
    body = body.replace(b"GBP", b"CHF") if shop == OTHER else body
    headers = delivery_headers(body, f"first-{shop}", shop=shop, secret=secret)
    assert (await client.post("/webhooks", body, headers)).status == 200


async def _callers(world: World, app: WebApp) -> dict[str, Visitor]:
    """Return everybody who may see A and not B."""
    access = world.backroom.access
    only = frozenset([STORE.store_id])
    scopes = [scope for scope in Scope if scope is not Scope.METRICS]
    found = {
        "key": Visitor(app, key=add_key(access, STORE.store_id, *scopes)),
        "near key": Visitor(
            app,
            peer="127.0.0.1",
            scheme="http",
            host="127.0.0.1:8400",
            key=add_key(access, STORE.store_id, *scopes),
        ),
        "stranger": Visitor(app),
    }
    for role in ("admin", "viewer"):
        add_user(access, f"{role}-of-a", role, only)  # type: ignore[arg-type]
        found[role] = Visitor(app)
        assert (await found[role].sign_in(f"{role}-of-a")).status == 303
        found[role].always = (("x-csrf-token", await found[role].csrf()),)
    return found


def _shops(chance: random.Random) -> Iterator[str]:
    """Give ways to say a store: B's, A's, one that is nowhere, and ways of saying B by mistake."""
    yield from (OTHER, SHOP, NOWHERE, OTHER.upper(), OTHER.title(), f"{OTHER}.", f"%20{OTHER}")
    yield from (OTHER.replace("z", "%7A"), f"{SHOP}%2F..%2F{OTHER}", f"{SHOP},{OTHER}", "*", "%")
    yield from (f"{SHOP}%00{OTHER}", OTHER.replace("s", "ſ", 1), "'%20OR%201=1--", f"{OTHER}:443")
    while True:
        word = bytearray(OTHER.encode())
        word[chance.randrange(len(word))] = chance.randrange(33, 126)
        yield "".join(f"%{byte:02x}" if chr(byte) in "/?#%" else chr(byte) for byte in word)


def _calls(
    world: World, app: WebApp, chance: random.Random, count: int
) -> Iterator[tuple[str, str, bytes]]:
    """Give method, path and body: every route × method first, swapped names for ever after."""
    routes = [route for route in app.routes if "{name}" not in route.path]
    people = list(world.people.values())
    shops = _shops(chance)
    made = 0
    while made < count:
        for route in routes:
            shop = SHOP if chance.random() < 0.3 else next(shops)
            for method in METHODS if made < count // 2 else (route.method,):
                person = chance.choice(people)
                path = route.path.format(shop=shop, entity=person)
                query = chance.choice(
                    ["", f"?shop={OTHER}", f"?store={OTHER}&limit=200", f"?after={'0' * 32}"]
                )
                yield method, path.encode("ascii", "ignore").decode() + query, _body(chance, people)
                made += 1
                if made == count:
                    return


def _body(chance: random.Random, people: list[str]) -> bytes:
    asked = {"task": "propensity", "entities": chance.sample(people, 2), "features": True}
    more = chance.choice([{}, {"store": OTHER}, {"shop": OTHER, "store_id": OTHER}])
    return json.dumps(asked | more).encode()


def played(scenario: Callable[[World, WebApp], Awaitable[None]]) -> None:
    async def play() -> None:
        world = await _filled(
            Backroom(replace(PUBLIC, key_requests_per_second=100_000, key_requests_at_once=100_000))
        )
        app = world.backroom.app()
        async with running(app):
            await scenario(world, app)

    asyncio.run(play())


@pytest.mark.parametrize("seed", range(cases(1, 10)))
def test_s07_no_byte_of_b_in_any_answer_to_a(seed: int) -> None:
    count = cases(120, 600)
    asked = 0
    good: set[str] = set()

    async def scenario(world: World, app: WebApp) -> None:
        nonlocal asked
        for name, visitor in (await _callers(world, app)).items():
            chance = random.Random(f"{seed} {name}")
            for method, path, body in _calls(world, app, chance, count):
                reply = await visitor.ask(method, path, body)
                told = reply.body + repr(reply.headers).encode()
                said = path.encode() + repr(reply.all("location")).encode()
                for mark in world.marks:
                    # A page that a stranger asked for leads to signing in, and back to that path;
                    # and an answer about a pseudonym says which one was asked about.
                    repeated = mark in said and reply.status == 303
                    repeated |= (
                        mark == world.people["theirs"].encode() and mark in path.encode() + body
                    )
                    assert repeated or mark not in told, (seed, name, method, path, mark)
                asked += 1
                if reply.status == 200:
                    good.add(f"{name} {path.partition('?')[0]}")

    played(scenario)
    assert asked == 5 * count
    # It was not by refusing everything.
    assert any(one.startswith("key /v1/") for one in good), (seed, good)
    assert any(one.startswith("viewer /console/api/stores/") for one in good), (seed, good)


def test_s07_what_is_looked_for_is_there_for_those_who_may_see_it() -> None:
    async def scenario(world: World, app: WebApp) -> None:
        key = add_key(world.backroom.access, StoreId(OTHER), *Scope)
        theirs = Visitor(app, key=key)
        told = b"".join(
            [
                (await theirs.get(path)).body
                for path in (
                    "/console/api/overview",
                    f"/console/api/stores/{OTHER}",
                    f"/console/api/stores/{OTHER}/customers/{OTHER_CUSTOMER}",
                    f"/console/api/stores/{OTHER}/customers/{OTHER_CUSTOMER}/events",
                    f"/v1/stores/{OTHER}/features/{OTHER_CUSTOMER}",
                )
            ]
        )
        assert [mark for mark in world.marks if mark not in told] == []
        assert SHOP.encode() not in told

    played(scenario)


def test_s07_a_store_that_is_here_and_one_that_is_not_are_refused_alike() -> None:
    async def scenario(world: World, app: WebApp) -> None:
        for name, visitor in (await _callers(world, app)).items():
            for route in app.routes:
                if "{shop}" not in route.path:
                    continue
                replies = [
                    await visitor.ask(
                        route.method, route.path.format(shop=shop, entity="a" * 32), b"{}"
                    )
                    for shop in (OTHER, NOWHERE, OTHER.upper(), "nonsense")
                ]
                stripped = {(reply.status, reply.body, len(reply.headers)) for reply in replies}
                assert len(stripped) == 1, (name, route.path)
                assert replies[0].status in (303, 401, 403)

    played(scenario)


def test_s07_a_pseudonym_of_one_store_says_nothing_in_the_other() -> None:
    async def scenario(world: World, app: WebApp) -> None:
        visitor = (await _callers(world, app))["key"]
        card = await visitor.get(f"/console/api/stores/{SHOP}/customers/{world.people['theirs']}")
        assert (card.status, card.json()["known"]) == (200, False)
        assert world.people["ours"] != world.people["theirs"]
        same = world.backroom.scoring.pseudonym_of(StoreId(OTHER), CUSTOMER)
        assert show(same) != world.people["ours"]
        assert NAME not in card.body.decode()

    played(scenario)


def test_s07_the_guard_sees_every_route_that_names_a_store() -> None:
    """A route that speaks of one store and needs no scope would be open to every caller."""
    for route in Backroom().app().routes:
        if "{shop}" in route.path:
            assert route.needs is not None, route.path
        if route.path.startswith(("/v1/", "/console/api/stores")):
            assert "{shop}" in route.path, route.path
