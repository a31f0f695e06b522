"""How long somebody waits after failed attempts to sign in: nothing at first, then twice as long.

Five failures are free, after the twelfth a minute passes, and from the sixteenth on a quarter hour
lies between any two: at most 96 guesses a day for one name, where NIST SP 800-63B allows 100 in
all. A name that nobody has waits exactly as one that somebody has.
"""

FREE_NAME = 5
"""Failures of one name before waits begin: a person mistypes."""
FREE_ADDRESS = 20
"""Failures from one address before waits begin: an office shares one."""
WAIT_US_MAX = 15 * 60 * 1_000_000
FORGOTTEN_US = 24 * 3_600 * 1_000_000
"""A name or address that rested for a day begins anew."""
KEPT_MAX = 10_000
"""Names and addresses are chosen by outsiders, so they must not fill the disk."""

_DOUBLINGS_MAX = 20


def wait_us(failures: int, free: int) -> int:
    """Return how long the next attempt waits after so many failures."""
    over = failures - free
    if over <= 0:
        return 0
    return min(WAIT_US_MAX, 1_000_000 << min(over - 1, _DOUBLINGS_MAX))


def failures_now(failures: int, last_us: int, now_us: int) -> int:
    """Return how many of the failures still count."""
    return 0 if now_us - last_us > FORGOTTEN_US else failures


def left_us(until_us: int, now_us: int) -> int:
    """Return how much of a wait is left; a clock that was set back never makes it longer."""
    return max(0, min(until_us - now_us, WAIT_US_MAX))
