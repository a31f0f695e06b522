"""Tokens stay good whatever is lost on the way, and are asked for no oftener than needed."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from shopwright.adapters.memory_connections import MemoryLeases, MemoryTokenVault
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, SimulatedClock
from shopwright.core.errors import NotReady, ShopTrouble
from shopwright.core.types.connection import Credential, Mode
from shopwright.core.types.http import HttpAnswer
from shopwright.core.types.identity import StoreId
from shopwright.pipelines.tokens import Tokens
from shopwright.simulator.admin.access import App

STORE = StoreId("a.myshopify.com")
START_US = 1_790_000_000 * US_PER_SECOND
HOUR = 3_600.0


class TokenShop:
    """The token endpoint of one shop; answers may be lost after the grant took effect."""

    def __init__(self, clock: SimulatedClock) -> None:
        rng = np.random.default_rng(5)
        self.app = App("id", "hush", frozenset({"read_orders"}), lambda: rng.bytes(8).hex())
        self.clock = clock
        self.lost = 0
        self.down = False
        self.seconds = 0.0
        self.at_once = 0
        self.most_at_once = 0

    def grant(self, store_id: StoreId, form: dict[str, str]) -> HttpAnswer:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self._grant(form)
        finally:
            self.at_once -= 1

    def _grant(self, form: dict[str, str]) -> HttpAnswer:
        self.clock.sleep(self.seconds)
        if self.down:
            return HttpAnswer(status=520)
        status, body = self.app.grant(form, self.clock.now_us())
        if self.lost > 0:
            self.lost -= 1
            return HttpAnswer(status=0, why="closed")
        return HttpAnswer(status=status, body=msgspec.json.encode(body))

    def uses(self, token: str) -> bool:
        return self.app.token(token, self.clock.now_us()) is not None


class RunningClock(SimulatedClock):
    """Goes on by itself, for threads: who sleeps must not let everybody's time pass."""

    def __init__(self) -> None:
        super().__init__(START_US)
        self._began = time.monotonic()

    def now_us(self) -> int:
        return super().now_us() + round((time.monotonic() - self._began) * US_PER_SECOND)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Connected:
    """One store and two processes that may ask for its token."""

    def __init__(self, mode: Mode, clock: SimulatedClock | None = None) -> None:
        self.clock = clock or SimulatedClock(START_US)
        self.shop = TokenShop(self.clock)
        self.vault, self.leases = MemoryTokenVault(), MemoryLeases()
        self.one, self.two = (
            Tokens(self.shop, self.vault, self.leases, self.clock, name)  # type: ignore[arg-type]
            for name in ("one", "two")
        )
        credential = Credential(store_id=STORE, mode=mode, client_id="id", client_secret="hush")
        code = self.shop.app.authorise(START_US) if mode == "oauth" else ""
        self.one.begin(credential, code=code)


@pytest.mark.parametrize("mode", ["oauth", "client_credentials"])
def test_a_token_is_kept_until_shortly_before_it_ends(mode: Mode) -> None:
    connected = Connected(mode)
    first = connected.one.of(STORE)
    life = HOUR if mode == "oauth" else 24 * HOUR
    connected.clock.sleep(life - 400)
    assert connected.one.of(STORE) == first
    assert connected.shop.app.grants == 1
    connected.clock.sleep(200)
    second = connected.two.of(STORE)
    assert second != first
    assert connected.shop.uses(second)
    assert connected.one.of(STORE) == second
    assert connected.shop.app.grants == 2


def test_a_lost_answer_costs_no_consent() -> None:
    connected = Connected("oauth")
    for _ in range(50):
        connected.clock.sleep(HOUR)
        connected.shop.lost = 1
        assert connected.shop.uses(connected.one.of(STORE))


def test_every_answer_may_be_lost_until_the_process_gives_up_and_the_next_succeeds() -> None:
    connected = Connected("oauth")
    connected.clock.sleep(HOUR)
    connected.shop.lost = 3
    with pytest.raises(ShopTrouble) as failed:
        connected.one.of(STORE)
    assert failed.value.trouble == "unavailable"
    assert connected.shop.uses(connected.two.of(STORE))


def test_a_pair_that_was_saved_but_never_used_still_leads_on() -> None:
    """The process died after the pair was on disk: its refresh token is good, and so is the old."""
    connected = Connected("oauth")
    connected.clock.sleep(HOUR)
    connected.one.of(STORE)
    before = connected.vault.get(STORE)
    assert before is not None
    assert before.previous_refresh_token
    assert not before.accepted
    # A backup that is a little older comes back: the newest pair is unknown, the one before it not.
    connected.vault.put(replace(before, refresh_token="lost", expires_us=0))
    assert connected.shop.uses(connected.two.of(STORE))


def test_the_previous_refresh_token_goes_once_the_new_one_has_worked() -> None:
    connected = Connected("oauth")
    connected.clock.sleep(HOUR)
    token = connected.one.of(STORE)
    connected.one.accepted(STORE, token)
    kept = connected.vault.get(STORE)
    assert kept is not None
    assert kept.accepted
    assert kept.previous_refresh_token == ""


def test_two_who_renew_at_once_ask_once() -> None:
    connected = an_hour_later()
    with ThreadPoolExecutor(8) as pool:
        asked = [connected.one, connected.two] * 8
        tokens = set(pool.map(lambda tokens: tokens.of(STORE), asked))
    assert len(tokens) == 1
    assert connected.shop.app.grants == 2


def an_hour_later() -> Connected:
    clock = RunningClock()
    connected = Connected("oauth", clock)
    clock.set(START_US + round(HOUR) * US_PER_SECOND)
    return connected


def test_two_threads_of_one_process_do_not_ask_at_once() -> None:
    connected = an_hour_later()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: connected.one.of(STORE), range(16)))
    assert connected.shop.most_at_once == 1
    assert connected.shop.app.grants == 2


class SlowShop(TokenShop):
    """Loses every answer after some time; another process looks whether the lease is free."""

    def __init__(self, clock: SimulatedClock, leases: MemoryLeases, seconds: float) -> None:
        super().__init__(clock)
        self.leases = leases
        self.seconds = seconds
        self.free = 0

    def _grant(self, form: dict[str, str]) -> HttpAnswer:
        self.clock.sleep(self.seconds)
        now_us = self.clock.now_us()
        if self.leases.take(f"token {STORE}", "another", now_us, now_us + 60 * US_PER_SECOND):
            self.free += 1
        return HttpAnswer(status=0, why="closed")


def test_a_renewal_keeps_its_lease_however_long_its_requests_take() -> None:
    connected = Connected("oauth")
    connected.clock.sleep(HOUR)
    slow = SlowShop(connected.clock, connected.leases, 35.0)
    tokens = Tokens(slow, connected.vault, connected.leases, connected.clock, "slow")  # type: ignore[arg-type]
    with pytest.raises(ShopTrouble):
        tokens.of(STORE)
    assert slow.free == 0
    now_us = connected.clock.now_us()
    assert connected.leases.take(f"token {STORE}", "another", now_us, now_us + 1)


class StandingStill(TokenShop):
    """Answers a process only after another has renewed the token, and used it."""

    def __init__(self, connected: Connected) -> None:
        super().__init__(connected.clock)
        self.connected = connected

    def _grant(self, form: dict[str, str]) -> HttpAnswer:
        self.clock.sleep(100.0)
        self.connected.shop.app.token(self.connected.two.of(STORE), self.clock.now_us())
        return self.connected.shop.grant(STORE, form)


def test_a_process_that_stood_still_takes_what_another_got() -> None:
    connected = Connected("oauth")
    connected.clock.sleep(HOUR)
    still = StandingStill(connected)
    tokens = Tokens(still, connected.vault, connected.leases, connected.clock, "still")  # type: ignore[arg-type]
    assert tokens.of(STORE) == connected.two.of(STORE)
    assert connected.shop.uses(tokens.of(STORE))


def test_a_process_that_lost_its_lease_asks_no_more() -> None:
    connected = Connected("oauth")
    connected.clock.sleep(HOUR)
    slow = SlowShop(connected.clock, connected.leases, 90.0)
    tokens = Tokens(slow, connected.vault, connected.leases, connected.clock, "slow")  # type: ignore[arg-type]
    with pytest.raises(ShopTrouble, match="another process renews") as failed:
        tokens.of(STORE)
    assert failed.value.trouble == "unavailable"
    assert slow.free == 1


def test_a_token_that_shopify_refuses_is_renewed_before_its_time() -> None:
    connected = Connected("client_credentials")
    first = connected.one.of(STORE)
    connected.shop.app.expire_access_tokens(connected.clock.now_us())
    second = connected.one.renew(STORE, first)
    assert second != first
    assert connected.two.renew(STORE, first) == second
    assert connected.shop.app.grants == 2


def test_a_holder_that_died_holds_nobody_up_for_long() -> None:
    connected = Connected("oauth")
    connected.clock.sleep(HOUR)
    now_us = connected.clock.now_us()
    assert connected.leases.take(f"token {STORE}", "dead", now_us, now_us + 60 * US_PER_SECOND)
    assert connected.shop.uses(connected.one.of(STORE))
    assert connected.clock.now_us() - now_us <= 70 * US_PER_SECOND


def test_a_store_without_a_credential_says_how_to_connect_it() -> None:
    connected = Connected("oauth")
    with pytest.raises(NotReady, match=r"shopwright connect b\.myshopify\.com"):
        connected.one.of(StoreId("b.myshopify.com"))


def test_what_only_a_person_can_mend_is_told_apart() -> None:
    connected = Connected("oauth")
    connected.shop.app.revoke_all()
    connected.clock.sleep(HOUR)
    with pytest.raises(ShopTrouble, match="authorise the app again") as failed:
        connected.one.of(STORE)
    assert failed.value.trouble == "token"
    wrong = Credential(store_id=STORE, mode="client_credentials", client_id="id", client_secret="x")
    with pytest.raises(ShopTrouble, match="client id and secret"):
        connected.one.begin(wrong)
    connected.shop.app.same_organisation = False
    right = replace(wrong, client_secret="hush")
    with pytest.raises(ShopTrouble, match="use --oauth"):
        connected.one.begin(right)


def test_an_outage_of_the_token_endpoint_is_not_a_refusal() -> None:
    connected = Connected("oauth")
    connected.clock.sleep(HOUR)
    connected.shop.down = True
    with pytest.raises(ShopTrouble) as failed:
        connected.one.of(STORE)
    assert failed.value.trouble == "unavailable"
    connected.shop.down = False
    assert connected.shop.uses(connected.one.of(STORE))


def test_a_refresh_token_that_was_not_used_for_ninety_days_is_explained() -> None:
    connected = Connected("oauth")
    connected.clock.set(START_US + 91 * US_PER_DAY)
    with pytest.raises(ShopTrouble, match="authorise the app again"):
        connected.one.of(STORE)


def test_no_message_holds_a_secret(tmp_path: Path) -> None:
    connected = Connected("oauth")
    known = connected.vault.get(STORE)
    assert known is not None
    connected.shop.app.revoke_all()
    connected.clock.sleep(HOUR)
    with pytest.raises(ShopTrouble) as failed:
        connected.one.of(STORE)
    for secret in (known.access_token, known.refresh_token, known.client_secret):
        assert secret not in str(failed.value)
