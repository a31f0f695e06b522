"""Who may ask a simulated shop what: apps, their tokens, and the ways to get one.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens
"""

import base64
import hmac
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND

DAY_TOKEN_SECONDS = 86_399
HOUR_TOKEN_SECONDS = 3_600
REFRESH_SECONDS = 90 * 86_400
REUSE_DAYS = 30
CODE_SECONDS = 60
APP_NUMBER = 4_711_001
"""The number in an app's global id, and in the namespace that is its own."""

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name
OFFLINE_TOKEN = "urn:shopify:params:oauth:token-type:offline-access-token"  # noqa: S105


class Token(Struct, kw_only=True):
    """An access token that was given out."""

    scopes: frozenset[str]
    expires_us: int | None
    used: bool = False
    revoked: bool = False


class Refresh(Struct, kw_only=True):
    """A refresh token that was given out."""

    expires_us: int
    first_used_us: int | None = None
    replaced_by: str = ""
    """The access token that it gave last."""


class App:
    """One app on one shop: its client id and secrets, what it was granted, and its tokens.

    ``word`` gives unpredictable text.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        scopes: frozenset[str],
        word: Callable[[], str],
        *,
        same_organisation: bool = True,
        number: int = APP_NUMBER,
    ) -> None:
        self.client_id = client_id
        self.number = number
        self.client_secret = client_secret
        self.scopes = scopes
        self.installed = True
        self.same_organisation = same_organisation
        self.grants = 0
        self._word = word
        self._tokens: dict[str, Token] = {}
        self._refresh: dict[str, Refresh] = {}
        self._codes: dict[str, int] = {}

    def static_token(self) -> str:
        """Give out a token that never expires, as custom apps of the admin once had."""
        return self._give(None)

    def authorise(self, now_us: int) -> str:
        """Return the code that a merchant's consent gives; good once, for a minute."""
        self.installed = True
        code = self._word()
        self._codes[code] = now_us + CODE_SECONDS * US_PER_SECOND
        return code

    def token(self, text: str, now_us: int) -> Token | None:
        """Return a token that is good now."""
        found = self._tokens.get(text)
        if found is None or found.revoked or not self.installed:
            return None
        if found.expires_us is not None and found.expires_us <= now_us:
            return None
        found.used = True
        return found

    def revoke_all(self) -> None:
        """End every token, as an uninstallation does."""
        for token in self._tokens.values():
            token.revoked = True
        self._refresh.clear()
        self._codes.clear()

    def uninstall(self) -> None:
        """Let the merchant remove the app: nothing that it was given is good any more."""
        self.revoke_all()
        self.installed = False

    def rescope(self, scopes: frozenset[str]) -> None:
        """Let the merchant change what the app may do; tokens that are out follow at once."""
        self.scopes = scopes
        for token in self._tokens.values():
            token.scopes = scopes

    def session_token(self, shop: str, now_us: int) -> str:
        """Return what a page inside the admin would be given: a minute's JSON Web Token.

        https://shopify.dev/docs/apps/build/authentication-authorization/session-tokens
        """
        now = now_us // US_PER_SECOND
        claims = {
            "iss": f"https://{shop}/admin",
            "dest": f"https://{shop}",
            "aud": self.client_id,
            "sub": "42",
            "exp": now + CODE_SECONDS,
            "nbf": now,
            "iat": now,
            "jti": self._word(),
            "sid": self._word(),
        }
        signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def _signature(self, signed: str) -> str:
        digest = hmac.digest(self.client_secret.encode(), signed.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def expire_access_tokens(self, now_us: int) -> None:
        """End every access token that expires at all; refresh tokens stay."""
        for token in self._tokens.values():
            if token.expires_us is not None:
                token.expires_us = min(token.expires_us, now_us)

    def grant(self, form: Mapping[str, str], now_us: int) -> tuple[int, dict[str, Any]]:
        """Return status and body of an answer of the token endpoint."""
        self.grants += 1
        if form.get("client_id") != self.client_id or (
            form.get("client_secret") != self.client_secret
        ):
            return 400, {"error": "invalid_client"}
        kind = form.get("grant_type", "")
        if kind == "client_credentials":
            return self._by_credentials(now_us)
        if kind == TOKEN_EXCHANGE:
            return self._by_exchange(form, now_us)
        if kind == "refresh_token":
            return self._by_refresh(form.get("refresh_token", ""), now_us)
        if "code" in form and not kind:
            return self._by_code(form, now_us)
        return 400, {"error": "unsupported_grant_type"}

    def _by_exchange(self, form: Mapping[str, str], now_us: int) -> tuple[int, dict[str, Any]]:
        """Give an offline token for a session token that is genuine and of now."""
        signed, _, signature = form.get("subject_token", "").rpartition(".")
        if not self.installed or not hmac.compare_digest(signature, self._signature(signed)):
            return 400, {"error": "invalid_subject_token"}
        padded = signed.partition(".")[2] + "=="
        claims = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=dict[str, Any])
        if claims["aud"] != self.client_id or claims["exp"] * US_PER_SECOND <= now_us:
            return 400, {"error": "invalid_subject_token"}
        if form.get("requested_token_type") != OFFLINE_TOKEN:
            return 400, {"error": "invalid_request"}
        if form.get("expiring") != "1":
            return 200, {"access_token": self._give(None), "scope": self._scope()}
        return 200, self._pair(now_us)

    def _by_credentials(self, now_us: int) -> tuple[int, dict[str, Any]]:
        if not self.installed:
            return 400, {"error": "application_cannot_be_found"}
        if not self.same_organisation:
            return 400, {
                "error": "shop_not_permitted",
                "error_description": "Client credentials cannot be performed on this shop.",
            }
        expires_us = now_us + DAY_TOKEN_SECONDS * US_PER_SECOND
        return 200, {
            "access_token": self._give(expires_us),
            "scope": self._scope(),
            "expires_in": DAY_TOKEN_SECONDS,
        }

    def _by_code(self, form: Mapping[str, str], now_us: int) -> tuple[int, dict[str, Any]]:
        if self._codes.pop(form["code"], 0) <= now_us:
            return 400, {"error": "invalid_request", "error_description": "The code is not valid."}
        if form.get("expiring") != "1":
            return 200, {"access_token": self._give(None), "scope": self._scope()}
        return 200, self._pair(now_us)

    def _by_refresh(self, text: str, now_us: int) -> tuple[int, dict[str, Any]]:
        """Give a new pair: again for a used token, until the pair it gave was itself used.

        https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens
        """
        found = self._refresh.get(text)
        if found is None or found.expires_us <= now_us or not self.installed:
            return 400, {"error": "invalid_grant"}
        if found.first_used_us is not None:
            replacement = self._tokens.get(found.replaced_by)
            late = now_us > found.first_used_us + REUSE_DAYS * US_PER_DAY
            if late or replacement is None or replacement.used:
                return 400, {"error": "invalid_grant"}
        found.first_used_us = found.first_used_us or now_us
        pair = self._pair(now_us)
        found.replaced_by = pair["access_token"]
        return 200, pair

    def _pair(self, now_us: int) -> dict[str, Any]:
        refresh = "shprt_" + self._word()
        self._refresh[refresh] = Refresh(expires_us=now_us + REFRESH_SECONDS * US_PER_SECOND)
        return {
            "access_token": self._give(now_us + HOUR_TOKEN_SECONDS * US_PER_SECOND),
            "scope": self._scope(),
            "expires_in": HOUR_TOKEN_SECONDS,
            "refresh_token": refresh,
            "refresh_token_expires_in": REFRESH_SECONDS,
        }

    def _give(self, expires_us: int | None) -> str:
        text = "shpat_" + self._word()
        self._tokens[text] = Token(scopes=self.scopes, expires_us=expires_us)
        return text

    def _scope(self) -> str:
        return ",".join(sorted(self.scopes))


def _part(told: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(told)).decode().rstrip("=")
