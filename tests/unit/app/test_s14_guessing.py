"""S14: guessing passwords is slow, and tells nobody who exists."""

import asyncio
import statistics
import time

import pytest
from counts import cases
from made_access import PASSWORD, add_user
from made_web import played, room
from msgspec.structs import replace
from visitor import OUTSIDE, PUBLIC, Visitor, hidden_fields

from shopwright.app.web.asgi import WebApp
from shopwright.app.web.sign_in import SignIn
from shopwright.privacy.passwords import Cost
from shopwright.privacy.patience import FREE_ADDRESS, FREE_NAME

WRONG = b"do not fit together"
WAIT = b"Too many attempts"


@pytest.mark.parametrize(
    "name", ["ann", "nobody", "NOBODY", "x" * 300, "", "a\0b", "Ünï", PASSWORD]
)
def test_s14_wrong_names_and_passwords_get_the_same_answer_and_the_same_waits(name: str) -> None:
    backroom = room(PUBLIC)

    async def scenario(app: WebApp) -> None:
        visitor = Visitor(app)
        for _ in range(FREE_NAME + 1):
            refused = await visitor.sign_in(name, "not the password")
            assert refused.status == 403
            assert WRONG in refused.body
            assert refused.all("set-cookie") == []
        waits = await visitor.sign_in(name, "not the password")
        assert (waits.status, waits.header("retry-after")) == (429, "1")
        assert WAIT in waits.body
        # Not even the right password is looked at.
        assert (await visitor.sign_in(name, PASSWORD)).status == 429

    played(backroom, scenario)
    told = repr(backroom.access.audit.of(99))
    assert told.count("login failed") == FREE_NAME + 1
    assert told.count("login locked") == 1
    assert PASSWORD not in told
    assert ("user ann" in told) is (name == "ann")


def test_s14_guessing_a_thousand_times_a_day_is_not_possible() -> None:
    backroom = room(PUBLIC)
    tries = cases(2_000, 20_000)

    async def scenario(app: WebApp) -> None:
        looked_at = 0
        eve = Visitor(app)
        page = await eve.get("/console/login")
        fields = hidden_fields(page.body) | {"name": "ann", "password": "guess"}
        for number in range(tries):
            # Every guess from another address: only the name can be held back.
            eve.peer = f"198.51.{number // 250}.{number % 250}"
            looked_at += (await eve.send_form("/console/login", fields)).status == 403
            backroom.clock.sleep(86_400 / tries)
        assert looked_at <= 96 + 16

    played(backroom, scenario)


def test_s14_many_names_from_one_address_are_held_back_and_others_are_not() -> None:
    backroom = room(PUBLIC, "ann")

    async def scenario(app: WebApp) -> None:
        eve = Visitor(app)
        statuses = [
            (await eve.sign_in(f"guess-{number}", "x")).status for number in range(FREE_ADDRESS + 4)
        ]
        assert statuses == [403] * (FREE_ADDRESS + 1) + [429] * 3
        assert (await Visitor(app, peer="198.51.100.7").sign_in("ann")).status == 303

    played(backroom, scenario)


def test_s14_a_good_password_does_not_pay_for_guesses_at_other_names() -> None:
    backroom = room(PUBLIC, "eve")

    async def scenario(app: WebApp) -> None:
        eve = Visitor(app)
        statuses = []
        for number in range(FREE_ADDRESS + 2):
            statuses.append((await eve.sign_in(f"guess-{number}", "x")).status)
            if number % 2 and statuses[-1] == 403:
                await eve.sign_in("eve")
        assert statuses[-1] == 429

    played(backroom, scenario)


def test_s14_addresses_of_one_network_count_as_one() -> None:
    backroom = room(PUBLIC)

    async def scenario(app: WebApp) -> None:
        statuses = [
            (await Visitor(app, peer=f"2001:db8::{n:x}").sign_in(f"n{n}", "x")).status
            for n in range(1, FREE_ADDRESS + 4)
        ]
        assert statuses.count(429) == 2

    played(backroom, scenario)


def test_s14_many_at_once_get_no_more_guesses_than_one_after_the_other() -> None:
    backroom = room(PUBLIC)

    async def scenario(app: WebApp) -> None:
        eve = Visitor(app)
        page = await eve.get("/console/login")
        fields = hidden_fields(page.body) | {"name": "ann", "password": "guess"}
        replies = await asyncio.gather(
            *(eve.send_form("/console/login", fields) for _ in range(16))
        )
        assert [reply.status for reply in replies].count(403) == FREE_NAME + 1

    played(backroom, scenario)


def test_s14_mistyping_is_forgiven_by_the_right_password() -> None:
    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        for _ in range(3):
            for _ in range(FREE_NAME):
                assert (await ann.sign_in("ann", "oops")).status == 403
            assert (await ann.sign_in("ann")).status == 303

    played(room(PUBLIC), scenario)


def test_s14_addresses_are_the_peers_own_unless_a_trusted_proxy_tells_them() -> None:
    backroom = room(replace(PUBLIC, trusted_proxies="10.0.0.0/8"))

    async def scenario(app: WebApp) -> None:
        proxied = Visitor(
            app,
            peer="10.1.2.3",
            scheme="http",
            always=(
                ("x-forwarded-for", f"6.6.6.6, {OUTSIDE}, 10.9.9.9"),
                ("x-forwarded-proto", "https"),
            ),
        )
        assert (await proxied.sign_in("ann")).status == 303
        direct = Visitor(app, always=(("x-forwarded-for", "6.6.6.6"),))
        assert (await direct.sign_in("ann", "wrong")).status == 403

    played(backroom, scenario)
    assert [line.about for line in backroom.access.audit.of(2)] == [f"from {OUTSIDE}"] * 2


def test_s14_a_name_that_nobody_has_takes_the_same_time() -> None:
    """Medians of many, interleaved, with a bound that only a whole missing hash would break."""
    backroom = room(PUBLIC, "bob")
    access = replace(backroom.access, cost=Cost(10, 8, 1))
    add_user(access, "ann")
    sign_in = SignIn(access, backroom.clock, idle_hours=12, days_max=7)
    taken: dict[str, list[float]] = {"ann": [], "nobody": []}
    for number in range(60):
        for name, seconds in taken.items():
            began = time.perf_counter()
            sign_in.attempt(name, "wrong", f"203.0.{number}.1")
            seconds.append(time.perf_counter() - began)
            backroom.clock.sleep(86_401)
    known, unknown = (statistics.median(seconds) for seconds in taken.values())
    assert 0.6 < known / unknown < 1.6
