"""What a store's bucket of query costs holds, as its own answers tell it.

A bucket for each app and store: it fills at a steady rate, a query takes its requested cost at once
and gets back what it did not use. How large it is, and how fast it fills, depends on the store's
plan and changes: only what the last answer said is known.
https://shopify.dev/docs/api/usage/limits
"""

from msgspec import Struct
from msgspec.structs import replace

from shopwright.core.clock import US_PER_SECOND

SHARE_LEFT = 0.1
"""So much of a bucket is left alone, for other processes that use the same app."""


class Bucket(Struct, frozen=True, kw_only=True):
    """A bucket as it was at an instant, in points."""

    maximum: float
    available: float
    restore_rate: float
    """Points a second."""
    at_us: int

    def holds_at(self, now_us: int) -> float:
        """Return what is in it at a later instant if nobody takes anything."""
        passed = max(0, now_us - self.at_us) / US_PER_SECOND
        return min(self.maximum, self.available + passed * self.restore_rate)

    def take(self, cost: float, now_us: int) -> "Bucket":
        """Return the bucket after a query left; what it did not use comes back with its answer."""
        return replace(self, available=self.holds_at(now_us) - cost, at_us=now_us)

    def wait_seconds(self, cost: float, now_us: int) -> float:
        """Return how long to wait until a query of this cost will be taken.

        A query that costs more than the bucket ever holds is not kept waiting: only Shopify can
        say that it is too dear.
        """
        wanted = min(cost + SHARE_LEFT * self.maximum, self.maximum)
        missing = wanted - self.holds_at(now_us)
        if missing <= 0:
            return 0.0
        return missing / max(self.restore_rate, 1.0)
