"""How fast one key may ask: a token bucket each, in the memory of this process."""

from shopwright.core.clock import US_PER_SECOND

KEPT_MAX = 10_000


class Buckets:
    """Fills each bucket by ``per_second`` up to ``at_once``; a request takes one token."""

    def __init__(self, per_second: int, at_once: int) -> None:
        self._per_us = per_second / US_PER_SECOND
        self._at_once = float(at_once)
        self._buckets: dict[str, tuple[float, int]] = {}

    def take(self, name: str, now_us: int) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        tokens, then_us = self._buckets.get(name, (self._at_once, now_us))
        tokens = min(self._at_once, tokens + max(0, now_us - then_us) * self._per_us)
        if tokens < 1:
            self._buckets[name] = (tokens, now_us)
            return (1 - tokens) / self._per_us / US_PER_SECOND
        if len(self._buckets) >= KEPT_MAX and name not in self._buckets:
            self._buckets.clear()
        self._buckets[name] = (tokens - 1, now_us)
        return 0.0
