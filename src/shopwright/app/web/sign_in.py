"""Signing in: a name and a password become a session, slowly enough for whoever guesses.

An attempt is counted before the password is looked at, for the name and for the address. A name
that nobody has costs the same time, the same waits and the same words. What was typed as a name is
kept only as a keyed hash, because people type their password there.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, Clock
from shopwright.core.ports import ApiKeys, Attempts, Audit, Sessions, Users
from shopwright.core.types.access import Session, User
from shopwright.privacy.passwords import (
    CHARACTERS_MAX,
    COST,
    SALT_BYTES,
    Cost,
    fits,
    has_grown,
    keep,
)
from shopwright.privacy.patience import FREE_ADDRESS, FREE_NAME

TOKEN_BYTES = 32
TOKEN_LENGTH = 43
CLOCK_SLIP_US = 300 * US_PER_SECOND
"""A session from further in the future than this was made by a clock that was wrong."""


class AccessParts(Struct, frozen=True, kw_only=True):
    """What decides who is let in."""

    users: Users
    sessions: Sessions
    api_keys: ApiKeys
    attempts: Attempts
    audit: Audit
    key: bytes
    """Signs what the sign-in page hands out, and hides what was typed."""
    entropy: Callable[[int], bytes]
    cost: Cost = COST


class Opened(NamedTuple):
    """A session that has just begun; the token is for the browser alone."""

    token: str
    user: User


class Refused(NamedTuple):
    """Not let in; the same for a wrong name and a wrong password."""

    wait_us: int
    """How long the next attempt must wait when this one was not even looked at; otherwise 0."""


class SignIn:
    """Opens, finds and ends sessions; may be called from several threads."""

    def __init__(self, parts: AccessParts, clock: Clock, *, idle_hours: int, days_max: int) -> None:
        self._parts = parts
        self._clock = clock
        self._idle_us = idle_hours * 3_600 * US_PER_SECOND
        self._life_us = days_max * US_PER_DAY
        # Somebody who is not there costs what somebody who is costs.
        self._nobody = keep("nobody has this", parts.entropy(SALT_BYTES), parts.cost)

    def attempt(self, name: str, password: str, address: str) -> Opened | Refused:
        """Try a name and a password; takes about a quarter of a second and 32 MiB."""
        parts = self._parts
        user_key = attempts_key(parts.key, "name", name.casefold())
        address_key = attempts_key(parts.key, "address", _neighbourhood(address))
        now_us = self._clock.now_us()
        wait_us = parts.attempts.begin({user_key: FREE_NAME, address_key: FREE_ADDRESS}, now_us)
        if wait_us:
            return Refused(wait_us)
        user = parts.users.get(name.casefold())
        if not fits(password[:CHARACTERS_MAX], user.password if user else self._nobody) or not user:
            self._tell_failure(user, address, user_key, address_key)
            return Refused(0)
        parts.attempts.forgive(user_key, times=None)
        # Only this one is taken back: a good password must not pay for guesses at others' names.
        parts.attempts.forgive(address_key, times=1)
        return self._open(self._rehashed(user, password), address)

    def _tell_failure(
        self, user: User | None, address: str, user_key: bytes, address_key: bytes
    ) -> None:
        who = f"user {user.name}" if user else "unknown"
        now_us = self._clock.now_us()
        self._parts.audit.record(now_us, who, "login failed", None, f"from {address}")
        wait_us = self._parts.attempts.left([user_key, address_key], now_us)
        if wait_us:
            seconds = -(-wait_us // US_PER_SECOND)
            about = f"from {address}, for {seconds} s"
            self._parts.audit.record(now_us, who, "login locked", None, about)

    def _rehashed(self, user: User, password: str) -> User:
        """Keep the password under today's parameters, once it is known again."""
        cost = self._parts.cost
        if not has_grown(user.password, cost):
            return user
        grown = replace(user, password=keep(password, self._parts.entropy(SALT_BYTES), cost))
        self._parts.users.change(grown)
        return grown

    def _open(self, user: User, address: str) -> Opened:
        parts, now_us = self._parts, self._clock.now_us()
        token, csrf = (_text(parts.entropy(TOKEN_BYTES)) for _ in range(2))
        session = Session(
            token_hash=token_hash(token),
            user=user.name,
            csrf=csrf,
            password_us=user.password_us,
            made_us=now_us,
            seen_us=now_us,
        )
        parts.sessions.open(
            session, made_after_us=now_us - self._life_us, seen_after_us=now_us - self._idle_us
        )
        parts.audit.record(now_us, f"user {user.name}", "login", None, f"from {address}")
        return Opened(token, user)

    def find(self, token: str) -> tuple[User, Session] | None:
        """Return who holds a token, if that session still counts; reads twice from the disk."""
        if len(token) != TOKEN_LENGTH:
            return None
        session = self._parts.sessions.find(token_hash(token))
        if session is None or not self._is_young(session):
            return None
        user = self._parts.users.get(session.user)
        if user is None or user.password_us != session.password_us:
            return None
        return user, session

    def _is_young(self, session: Session) -> bool:
        now_us = self._clock.now_us()
        return (
            -CLOCK_SLIP_US <= now_us - session.made_us < self._life_us
            and now_us - session.seen_us < self._idle_us
        )

    def seen(self, session: Session, at_us: int) -> None:
        """Note that a session was used; waits for the disk."""
        self._parts.sessions.seen(session.token_hash, at_us)

    def end(self, session: Session) -> None:
        """Sign out."""
        self._parts.sessions.end(session.token_hash)
        self._parts.audit.record(self._clock.now_us(), f"user {session.user}", "logout")

    def forget(self, token: str) -> None:
        """End whatever session a browser held before it signs in anew."""
        self._parts.sessions.end(token_hash(token))

    def form_token(self, cookie: str) -> str:
        """Return what the sign-in form must repeat for a browser that holds this cookie."""
        made = hmac.new(self._parts.key, f"form:{cookie}".encode(), hashlib.sha256).digest()
        return _text(made)

    def new_cookie(self) -> str:
        """Return an unpredictable cookie for a browser that has not signed in."""
        return _text(self._parts.entropy(TOKEN_BYTES))


def attempts_key(key: bytes, kind: str, text: str) -> bytes:
    """Return under what failures of a name or address are counted."""
    return hmac.new(key, f"{kind}:{text}".encode(errors="replace"), hashlib.sha256).digest()[:16]


def token_hash(token: str) -> bytes:
    """Return what is kept of a session's token."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _text(entropy: bytes) -> str:
    return urlsafe_b64encode(entropy).rstrip(b"=").decode()


def _neighbourhood(address: str) -> str:
    """Return the address, or for IPv6 its /64: that many belong to whoever has one."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    return str(ip_network((address, 64), strict=False)) if found.version == 6 else str(found)
