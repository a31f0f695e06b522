"""Keeps each store's access token good: renewed when it is needed, by one process at a time.

A new pair is on disk before it is used, and what got it is kept until the new one has worked. So a
lost answer, a killed process or two who renew at once never cost a merchant a new consent.
https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens
"""

from collections.abc import Callable, Mapping
from threading import get_ident
from typing import TypeVar

from msgspec.structs import replace

from shopwright.admin.explain import explain_grant, refusal_code
from shopwright.admin.grants import (
    TokenPair,
    by_client_credentials,
    by_code,
    by_refresh,
    by_session_token,
    read_tokens,
)
from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.errors import NotReady, ShopTrouble
from shopwright.core.ports import Leases, Shop, TokenVault
from shopwright.core.types.connection import Credential
from shopwright.core.types.http import HttpAnswer
from shopwright.core.types.identity import StoreId

EARLY_SECONDS = 300
"""A token is renewed so long before it ends."""
LEASE_SECONDS = 60
"""Longer than one request may take; it is taken anew before each."""
WAIT_SECONDS = 240
"""Longer than whoever holds the lease may take for all of its requests."""
LOOK_SECONDS = 0.05
TRIES = 3
_T = TypeVar("_T")


class Tokens:
    """The access tokens of every connected store; ``holder`` names this process.

    Calls may come from several threads; each of them holds a lease for itself.
    """

    def __init__(
        self, shop: Shop, vault: TokenVault, leases: Leases, clock: Clock, holder: str
    ) -> None:
        self._shop = shop
        self._vault = vault
        self._leases = leases
        self._clock = clock
        self._holder = holder

    def of(self, store_id: StoreId) -> str:
        """Return a token that is good for the next minutes, renewed if need be.

        Raises NotReady for a store without a credential, ShopTrouble when none can be had.
        """
        credential = self._credential(store_id)
        if self._is_fresh(credential):
            return credential.access_token
        return self._renewed(store_id, credential.access_token)

    def renew(self, store_id: StoreId, refused: str) -> str:
        """Return another token than one that Shopify refused. Raises ShopTrouble."""
        return self._renewed(store_id, refused)

    def accepted(self, store_id: StoreId, token: str) -> None:
        """Note that Shopify took the token: what got it is no longer needed."""
        credential = self._vault.get(store_id)
        if credential is None or credential.accepted or credential.access_token != token:
            return
        self._vault.put(replace(credential, accepted=True, previous_refresh_token=""))

    def begin(
        self, credential: Credential, *, code: str = "", session_token: str = ""
    ) -> Credential:
        """Get the first token of a store and keep it; ``code`` comes from the OAuth callback.

        Raises ShopTrouble when Shopify grants none, and then keeps nothing.
        """
        if credential.mode == "token":
            self._vault.put(credential)
            return credential
        client = (credential.client_id, credential.client_secret)
        if session_token:
            form = by_session_token(*client, session_token)
        elif code:
            form = by_code(*client, code)
        else:
            form = by_client_credentials(*client)
        return self._when_alone(
            credential.store_id, lambda: self._begin_alone(credential, form), lambda: None
        )

    def _begin_alone(self, credential: Credential, form: Mapping[str, str]) -> Credential:
        asked_us = self._clock.now_us()
        pair = self._granted(credential.store_id, self._ask(credential.store_id, form), asked_us)
        begun = _with(credential, pair, asked_us)
        self._vault.put(begun)
        return begun

    def _credential(self, store_id: StoreId) -> Credential:
        credential = self._vault.get(store_id)
        if credential is None:
            raise NotReady(
                f"{store_id}: this store is not connected; shopwright connect {store_id}"
            )
        return credential

    def _is_fresh(self, credential: Credential) -> bool:
        if not credential.access_token:
            return False
        if credential.expires_us is None:
            return True
        return credential.expires_us - self._clock.now_us() > EARLY_SECONDS * US_PER_SECOND

    def _renewed(self, store_id: StoreId, refused: str) -> str:
        """Renew under the store's lease, or wait for whoever holds it and take what they got."""

        def theirs() -> str | None:
            credential = self._credential(store_id)
            is_new = credential.access_token != refused and self._is_fresh(credential)
            return credential.access_token if is_new else None

        def work() -> str:
            try:
                return self._renew_alone(store_id, refused)
            except ShopTrouble:
                # This process stood still, and another has renewed it since: nothing is wrong.
                if (found := theirs()) is not None:
                    return found
                raise

        return self._when_alone(store_id, work, theirs)

    def _when_alone(
        self, store_id: StoreId, work: Callable[[], _T], meanwhile: Callable[[], _T | None]
    ) -> _T:
        """Work under the store's lease; while another holds it, take what ``meanwhile`` finds."""
        until_us = self._clock.now_us() + WAIT_SECONDS * US_PER_SECOND
        while not self._hold(store_id):
            if self._clock.now_us() > until_us:
                raise ShopTrouble(
                    f"{store_id}: another process renews the token and does not end", "unavailable"
                )
            self._clock.sleep(LOOK_SECONDS)
            if (found := meanwhile()) is not None:
                return found
        try:
            return work()
        finally:
            self._leases.release(_lease(store_id), self._who())

    def _hold(self, store_id: StoreId) -> bool:
        """Take the store's lease, or keep it for another request; False while another has it."""
        now_us = self._clock.now_us()
        until_us = now_us + LEASE_SECONDS * US_PER_SECOND
        return self._leases.take(_lease(store_id), self._who(), now_us, until_us)

    def _who(self) -> str:
        return f"{self._holder} thread {get_ident()}"

    def _renew_alone(self, store_id: StoreId, refused: str) -> str:
        credential = self._credential(store_id)
        if credential.access_token != refused and self._is_fresh(credential):
            return credential.access_token
        if credential.mode == "token":
            raise ShopTrouble(
                f"{store_id}: Shopify refuses the static access token; it was revoked, or the app "
                f"was uninstalled. Connect the store again: shopwright connect {store_id}",
                "token",
            )
        asked_us = self._clock.now_us()
        answer = self._refreshed(credential)
        renewed = _with(credential, self._granted(store_id, answer, asked_us), asked_us)
        self._vault.put(renewed)
        return renewed.access_token

    def _refreshed(self, credential: Credential) -> HttpAnswer:
        """Ask for a new pair: with the newest refresh token, else with the one before it."""
        client = (credential.client_id, credential.client_secret)
        if credential.mode == "client_credentials":
            return self._ask(credential.store_id, by_client_credentials(*client))
        answer = HttpAnswer(status=400)
        for refresh_token in (credential.refresh_token, credential.previous_refresh_token):
            if refresh_token:
                answer = self._ask(credential.store_id, by_refresh(*client, refresh_token))
                if answer.status == 200 or refusal_code(answer.body) != "invalid_grant":
                    return answer
        return answer

    def _ask(self, store_id: StoreId, form: Mapping[str, str]) -> HttpAnswer:
        """Ask again when no answer came: a refresh token may be used until its pair is."""
        answer = self._ask_once(store_id, form)
        for tries in range(1, TRIES):
            if 0 < answer.status < 500:
                break
            self._clock.sleep(float(tries))
            answer = self._ask_once(store_id, form)
        return answer

    def _ask_once(self, store_id: StoreId, form: Mapping[str, str]) -> HttpAnswer:
        if not self._hold(store_id):  # this process stood still for so long that another took over
            raise ShopTrouble(f"{store_id}: another process renews the token now", "unavailable")
        return self._shop.grant(store_id, form)

    def _granted(self, store_id: StoreId, answer: HttpAnswer, asked_us: int) -> TokenPair:
        if answer.status == 200:
            return read_tokens(store_id, answer.body, asked_us)
        trouble = "unavailable" if not 0 < answer.status < 500 else "token"
        raise ShopTrouble(explain_grant(store_id, answer.status, answer.body, answer.why), trouble)


def _lease(store_id: StoreId) -> str:
    return f"token {store_id}"


def _with(credential: Credential, pair: TokenPair, asked_us: int) -> Credential:
    """Return the credential with a new pair; the refresh token that got it stays at hand."""
    return replace(
        credential,
        access_token=pair.access_token,
        scopes=pair.scopes,
        granted_us=asked_us,
        expires_us=pair.expires_us,
        refresh_token=pair.refresh_token or "",
        refresh_expires_us=pair.refresh_expires_us,
        previous_refresh_token=credential.refresh_token,
        accepted=False,
    )
