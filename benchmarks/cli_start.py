"""How long `shopwright --help` takes: CPU seconds, and times those of `python -c pass`.

All are run by turns, so that a busy minute slows them alike. The promise is under 0.5 CPU seconds,
for the list of commands and for the help of each.
"""

import statistics
import sys

from benchmarks.machine import child, table
from shopwright.app.cli.program import ENTRIES

ROUNDS = 11
PROMISED_SECONDS = 0.5
NOTHING = "python -c pass"


def run() -> None:
    """Print the medians and their ratios."""
    shopwright = [sys.executable, "-m", "shopwright"]
    programs = {NOTHING: [sys.executable, "-c", "pass"], "--help": [*shopwright, "--help"]}
    programs |= {f"{name} --help": [*shopwright, name, "--help"] for name in ENTRIES}
    took: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, arguments in programs.items():
            took[name].append(child(arguments).cpu)
    middle = {name: statistics.median(seconds) for name, seconds in took.items()}
    rows = [
        (
            name,
            seconds,
            seconds / middle[NOTHING],
            "met" if seconds < PROMISED_SECONDS else "MISSED",
        )
        for name, seconds in middle.items()
    ]
    table(("command", "CPU s, median", f"times {NOTHING}", f"under {PROMISED_SECONDS} s"), rows)


if __name__ == "__main__":
    run()
