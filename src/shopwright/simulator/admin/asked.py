"""One request to a simulated Admin API: who asks, when, and what they may."""

from msgspec import Struct

from shopwright.simulator.admin.access import Token


class Asked(Struct, frozen=True, kw_only=True):
    """Who asks, when, and which version answers."""

    token: Token
    now_us: int
    version: str

    def need(self, *scopes: str) -> None:
        """Raise Denied unless one of the scopes was granted; who may write may read."""
        wanted = set(scopes) | {one.replace("read_", "write_", 1) for one in scopes}
        if not self.token.scopes & wanted:
            raise Denied(
                f"Access denied for this field. Required access: `{scopes[0]}` access scope."
            )


class Denied(Exception):
    """The token lacks a scope."""

    code = "ACCESS_DENIED"
