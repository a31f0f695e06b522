"""What goes wrong at the simulated Admin API on command."""

from msgspec import Struct


class AdminFaults(Struct, kw_only=True):
    """Each fault is on while its field says so; a count falls by one each time it strikes."""

    down_until_us: int = 0
    """Every request is answered 503."""
    no_answer: int = 0
    """So many requests are obeyed, and their answers are lost."""
    lost_grants: int = 0
    """So many tokens are given out, and the answers are lost."""
    throttled_until_us: int = 0
    """The bucket stays empty."""
    bulk_fails: int = 0
    """So many bulk operations fail half-way and leave a partial file."""
    bulk_drops: int = 0
    """So many bulk operations complete with rows missing that nothing speaks of."""
    cut_downloads: int = 0
    """So many downloads end in the middle."""
    shuffled: bool = False
    """The lines of a bulk file come in any order."""
    frozen: bool = False
    """The shop has not paid: 402."""
    locked: bool = False
    """The shop is locked: 423."""
    blocked: bool = False
    """Our address is blocked: 430."""


class WebhookFaults(Struct, kw_only=True):
    """What happens to webhooks on their way; each share is a chance between 0 and 1."""

    dropped_share: float = 0.0
    """Never sent."""
    doubled_share: float = 0.0
    """Sent twice at once, under one id."""
    late_share: float = 0.0
    """Sent within the next day instead of now: behind whatever happens meanwhile."""
    stale_share: float = 0.0
    """Sent now, and again within a day with the payload of now."""
