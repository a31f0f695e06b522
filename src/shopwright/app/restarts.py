"""When a process that ended by itself is started again."""

from collections.abc import Sequence

FIRST_SECONDS = 0.25
DELAY_SECONDS_MAX = 30.0
WINDOW_SECONDS = 300.0
"""Crashes longer ago than this are forgotten."""

STEADY_SECONDS = 10.0
"""A process that lived this long can start: its earlier crashes are forgotten."""

CRASHES_MAX = 8
"""A vital process that ends this often in one window will not get better by itself."""


def restart_after(crashed: Sequence[float], now: float, *, vital: bool) -> float | None:
    """Return the seconds to wait; None when it is no use to go on.

    ``crashed`` holds the instants of all crashes so far, the present one included. A process that
    is not vital (the worker, the scheduler) is tried for ever, at most every 30 seconds: webhooks
    are taken and predictions answered without it.
    """
    recent = sum(1 for instant in crashed if now - instant < WINDOW_SECONDS)
    if vital and recent >= CRASHES_MAX:
        return None
    return min(FIRST_SECONDS * 2.0 ** max(0, recent - 1), DELAY_SECONDS_MAX)
