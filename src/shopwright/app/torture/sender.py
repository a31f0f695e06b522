"""Sends as Shopify does: at its own pace, and again what was not answered 200."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from shopwright.app.torture.traffic import Due, Parcel
from shopwright.app.torture.wire import Wire
from shopwright.core.types.identity import StoreId

CONNECTIONS = 24
RETRY_SECONDS_MIN = 0.2
RETRY_SECONDS_MAX = 3.0
"""Shopify waits minutes; the torture has not the time."""


class Sent(Struct, kw_only=True):
    """What came of all requests."""

    requests: int = 0
    acknowledgements: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """Requests that were not answered 200, by status or by what went wrong."""
    retries: int = 0
    seconds: list[float] = field(default_factory=list)
    """How long each 200 took, connecting included."""
    first_ok: dict[float, float] = field(default_factory=dict)
    """Instant of a kill to seconds until a request that was begun after it was answered 200."""


class Sender:
    """Several connections that share one queue; used inside one event loop."""

    def __init__(self, host: str, port: int, secrets: Mapping[StoreId, bytes]) -> None:
        self._host, self._port = host, port
        self._secrets = secrets
        self._queue: asyncio.Queue[tuple[Parcel, int]] = asyncio.Queue()
        self._waiting = 0
        self._kills: list[float] = []
        self._connections: list[asyncio.Task[None]] = []
        self.sent = Sent()

    @property
    def waiting(self) -> int:
        """How many parcels are neither acknowledged nor given up."""
        return self._waiting

    def begin(self, connections: int = CONNECTIONS) -> None:
        """Start the connections."""
        self._connections = [asyncio.create_task(self._connection()) for _ in range(connections)]

    async def follow(self, parcels: Sequence[Parcel], schedule: Sequence[Due]) -> None:
        """Hand over each parcel when it is due; return after the last one."""
        start = time.monotonic()
        for due in schedule:
            ahead = start + due.at - time.monotonic()
            if ahead > 0.001:
                await asyncio.sleep(ahead)
            self.put(parcels[due.number])

    def put(self, parcel: Parcel) -> None:
        """Send a parcel as soon as a connection is free."""
        self._waiting += 1
        self._queue.put_nowait((parcel, 0))

    def killed(self, at: float) -> None:
        """Measure how long it takes from this instant (``time.monotonic``) to the next 200."""
        self._kills.append(at)

    async def drain(self, seconds_max: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Return when every parcel is acknowledged, or after so many seconds."""
        deadline = time.monotonic() + seconds_max
        while self._waiting and time.monotonic() < deadline and not stop():
            await asyncio.sleep(0.05)

    async def end(self) -> None:
        """Close the connections."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connection(self) -> None:
        wire: Wire | None = None
        try:
            while True:
                parcel, attempt = await self._queue.get()
                wire, failed = await self._send(wire, parcel)
                if failed is None:
                    self._waiting -= 1
                    continue
                self.sent.answers[failed] += 1
                self.sent.retries += 1
                wait = min(RETRY_SECONDS_MAX, RETRY_SECONDS_MIN * 2.0**attempt)
                asyncio.get_running_loop().call_later(
                    wait, self._queue.put_nowait, (parcel, attempt + 1)
                )
        finally:
            if wire is not None:
                wire.close()

    async def _send(self, wire: Wire | None, parcel: Parcel) -> tuple[Wire | None, str | None]:
        """Send once; return the connection for the next one, and what went wrong if anything."""
        request = parcel.request(f"{self._host}:{self._port}", self._secrets[parcel.store_id])
        began = time.monotonic()
        parcel.sent += 1
        self.sent.requests += 1
        try:
            if wire is None or not wire.is_open:
                wire = await Wire.open(self._host, self._port)
            answer = await wire.ask(request)
        except (OSError, TimeoutError) as error:
            return None, _trouble(error)
        if answer.status != 200:
            return wire, str(answer.status)
        self._acknowledged(parcel, began)
        return wire, None

    def _acknowledged(self, parcel: Parcel, began: float) -> None:
        now = time.monotonic()
        parcel.acknowledged = True
        self.sent.acknowledgements += 1
        self.sent.seconds.append(now - began)
        for kill in [kill for kill in self._kills if began >= kill]:
            self._kills.remove(kill)
            self.sent.first_ok[kill] = now - kill


def _trouble(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "no answer in 5 s"
        case ConnectionRefusedError():
            return "refused"
    return "cut off"
