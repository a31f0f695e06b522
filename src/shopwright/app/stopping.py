"""How a process is asked to stop: a signal, or the end of the process that started it."""

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

from shopwright.core.clock import Clock, SystemClock

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LAST_SECONDS = 10.0
"""An orphan that has not stopped by itself after this long is ended."""


class Stop:
    """Inside its block, a signal to stop is noted instead of ending the process.

    A signal that the starter of the process chose to ignore (``nohup``) stays ignored.

    A flag and short sleeps, not an event to wait for: setting an event inside a signal handler can
    lock up against the very wait that it interrupts.
    """

    def __init__(self) -> None:
        self.times = 0
        self._before: dict[signal.Signals, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether the process was asked to stop."""
        return self.times > 0

    def __enter__(self) -> Self:
        for number in SIGNALS:
            if number is signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def request(self) -> None:
        """Ask for the stop from inside."""
        self.times += 1

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.times += 1


def end_with_parent(lifeline: int) -> None:
    """Stop this process when the other end of a pipe closes, however the parent ended.

    ``lifeline`` is the reading end, which nobody ever writes to.
    """
    threading.Thread(target=_watch, args=(lifeline, SystemClock()), daemon=True).start()


def _watch(lifeline: int, clock: Clock) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    clock.sleep(LAST_SECONDS)
    os._exit(1)
