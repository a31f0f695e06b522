"""How many webhooks each store sent in the last minute, and when the last one came."""

from collections import defaultdict, deque

from shopwright.core.clock import US_PER_SECOND
from shopwright.core.types.identity import StoreId

WINDOW_US = 60 * US_PER_SECOND


class Traffic:
    """Counts by second of the stores whose signatures were right: nobody else can fill it."""

    def __init__(self) -> None:
        self._seconds: dict[StoreId, deque[tuple[int, int]]] = defaultdict(deque)
        self._newest: dict[StoreId, int] = {}

    def stored(self, store_id: StoreId, received_us: int) -> None:
        """Count one webhook."""
        self._newest[store_id] = max(self._newest.get(store_id, 0), received_us)
        seconds = self._seconds[store_id]
        second = received_us // US_PER_SECOND
        if seconds and seconds[-1][0] >= second:
            seconds[-1] = (seconds[-1][0], seconds[-1][1] + 1)
        else:
            seconds.append((second, 1))
            _drop_before(seconds, received_us - WINDOW_US)

    def newest_us(self, store_id: StoreId) -> int:
        """Return when the last webhook was received; 0 when there was none."""
        return self._newest.get(store_id, 0)

    def last_minute(self, store_id: StoreId, now_us: int) -> int:
        """Return the number of webhooks of the last sixty seconds."""
        seconds = self._seconds.get(store_id)
        if seconds is None:
            return 0
        _drop_before(seconds, now_us - WINDOW_US)
        return sum(times for _, times in seconds)


def _drop_before(seconds: deque[tuple[int, int]], instant_us: int) -> None:
    while seconds and seconds[0][0] * US_PER_SECOND < instant_us:
        seconds.popleft()
