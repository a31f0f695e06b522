"""S14: what an API key opens, and that nothing but a whole, living one opens anything."""

import pytest
from made_access import add_key
from made_web import SHOP, Backroom, played
from msgspec.structs import replace
from visitor import NEAR, PUBLIC, Visitor

from shopwright.app.web.asgi import WebApp
from shopwright.core.clock import SimulatedClock
from shopwright.core.types.access import Scope
from shopwright.core.types.identity import StoreId

STORE = StoreId(SHOP)
FEATURES = f"/v1/stores/{SHOP}/features/1"


def _spoilt(token: str) -> dict[str, list[tuple[str, str]]]:
    bearer = f"Bearer {token}"
    other_id = token[:4] + ("b" if token[4] != "b" else "c") + token[5:]
    return {
        "none": [],
        "nothing behind it": [("authorization", "Bearer ")],
        "no scheme": [("authorization", token)],
        "another scheme": [("authorization", f"Basic {token}")],
        "its prefix": [("authorization", bearer[:-1])],
        "its prefix without the checksum": [("authorization", bearer[:-8])],
        "one letter more": [("authorization", bearer + "0")],
        "a suffix": [("authorization", f"Bearer {token[4:]}")],
        "upper case": [("authorization", f"Bearer {token.upper()}")],
        "another id": [("authorization", f"Bearer {other_id}")],
        "another last letter of the secret": [
            ("authorization", f"Bearer {token[:-9]}{'A' if token[-9] != 'A' else 'B'}{token[-8:]}")
        ],
        "twice": [("authorization", bearer), ("authorization", bearer)],
        "two in one": [("authorization", f"{bearer}, {bearer}")],
        "a nul behind it": [("authorization", bearer + "\0")],
        "in another header": [("x-api-key", token)],
        "bytes": [("authorization", "Bearer swk_\xff\xfe")],
    }


@pytest.mark.parametrize("how", _spoilt("swk_" + "a" * 60))
def test_s14_only_a_whole_key_opens(how: str) -> None:
    backroom = Backroom(PUBLIC)
    token = add_key(backroom.access, STORE, Scope.FEATURES)

    async def scenario(app: WebApp) -> None:
        assert (await Visitor(app, key=token).get(FEATURES)).status == 200
        refused = await Visitor(app).get(FEATURES, *_spoilt(token)[how])
        assert refused.status == 401
        assert (refused.header("www-authenticate") or "").startswith("Bearer")
        assert token[20:40] not in refused.body.decode()
        in_the_path = await Visitor(app).get(f"{FEATURES}?key={token}&access_token={token}")
        assert in_the_path.status == 401
        # A key that does not count is not mended by being on this machine.
        if how not in ("none", "in another header"):
            near = Visitor(app, **NEAR)
            assert (await near.get(FEATURES, *_spoilt(token)[how])).status == 401

    played(backroom, scenario)


def test_s14_another_secret_under_a_known_id_is_refused_in_the_words_for_an_unknown_one() -> None:
    from shopwright.privacy.api_tokens import _checksum

    backroom = Backroom(PUBLIC)
    token = add_key(backroom.access, STORE, Scope.FEATURES)
    forged = token[:17] + "A" * 43
    stranger = "swk_bbbbbbbbbbbb_" + "A" * 43
    revoked = add_key(backroom.access, STORE, Scope.FEATURES, revoked_us=1)
    expired = add_key(backroom.access, STORE, Scope.FEATURES, expires_us=1)

    async def scenario(app: WebApp) -> None:
        tokens = [forged + _checksum(forged), stranger + _checksum(stranger), revoked, expired]
        replies = [await Visitor(app, key=one).get(FEATURES) for one in tokens]
        assert [reply.status for reply in replies] == [401] * 4
        assert len({reply.body for reply in replies}) == 1

    played(backroom, scenario)


def test_s14_revoking_and_expiry_count_within_a_second() -> None:
    backroom = Backroom(PUBLIC)
    clock = SimulatedClock(1_800_000_000_000_000)
    backroom.clock = clock  # type: ignore[assignment]
    end_us = clock.now_us() + 5_000_000
    expiring = add_key(backroom.access, STORE, Scope.FEATURES, expires_us=end_us)
    token = add_key(backroom.access, STORE, Scope.FEATURES)

    async def scenario(app: WebApp) -> None:
        one, other = Visitor(app, key=token), Visitor(app, key=expiring)
        assert [(await each.get(FEATURES)).status for each in (one, other)] == [200, 200]
        assert backroom.access.api_keys.revoke(token[4:16], clock.now_us())
        clock.sleep(1.0)
        assert [(await each.get(FEATURES)).status for each in (one, other)] == [401, 200]
        clock.sleep(3.999999)
        assert (await other.get(FEATURES)).status == 200
        clock.sleep(0.000001)
        assert (await other.get(FEATURES)).status == 401

    played(backroom, scenario)


def test_s14_a_key_that_asks_too_fast_is_429_and_others_are_not() -> None:
    backroom = Backroom(replace(PUBLIC, key_requests_per_second=2, key_requests_at_once=3))
    clock = SimulatedClock(1_800_000_000_000_000)
    backroom.clock = clock  # type: ignore[assignment]
    keys = [add_key(backroom.access, STORE, Scope.FEATURES) for _ in range(2)]

    async def scenario(app: WebApp) -> None:
        one, other = (Visitor(app, key=key) for key in keys)
        replies = [await one.get(FEATURES) for _ in range(5)]
        assert [reply.status for reply in replies] == [200] * 3 + [429] * 2
        assert replies[-1].header("retry-after") == "1"
        assert (await other.get(FEATURES)).status == 200
        clock.sleep(1)
        assert [(await one.get(FEATURES)).status for _ in range(3)] == [200, 200, 429]

    played(backroom, scenario)


@pytest.mark.parametrize("scope", list(Scope))
def test_s14_a_key_opens_what_its_scope_says_and_nothing_else(scope: Scope) -> None:
    backroom = Backroom(replace(PUBLIC, key_requests_at_once=10_000))
    key = add_key(backroom.access, None, scope)

    async def scenario(app: WebApp) -> None:
        visitor = Visitor(app, key=key)
        for route in app.routes:
            if route.needs is None or "{name}" in route.path or route.path.endswith("/events"):
                continue
            path = route.path.format(shop=SHOP, entity="a" * 32)
            status = (await visitor.ask(route.method, path, b"{}")).status
            assert (status in (401, 403)) is (route.needs is not scope), (route.path, status)

    played(backroom, scenario)
