"""A short torture, and what its report says when it fails."""

import os
from pathlib import Path

from shopwright.app.torture.chaos import WEIGHTS
from shopwright.app.torture.life import Order, Status
from shopwright.app.torture.report import Report, details, rows, verdict
from shopwright.app.torture.run import Lived, judge, live
from shopwright.core.clock import SystemClock


def seed() -> int:
    """Return the seed to torture with: a new one each time, unless ``SEED`` names it."""
    return int(os.environ.get("SEED", int.from_bytes(os.urandom(4), "big")))


def order(seconds: float, every_seconds: float, actions: tuple[str, ...] = tuple(WEIGHTS)) -> Order:
    return Order(
        seconds=seconds,
        seed=seed(),
        rate=120.0,
        every_seconds=every_seconds,
        web_workers=2,
        actions=actions,
    )


def silence(status: Status) -> None:
    """Tell nobody."""


def lived(wanted: Order, place: Path) -> Lived:
    return live(wanted, place, SystemClock(), silence)


def judged(life: Lived) -> Report:
    return judge(life, SystemClock(), silence)


def told(report: Report) -> str:
    """Return everything that a report says, with the seed that repeats it."""
    lines = [f"{what}: {said}" for what, said in rows(report)]
    lines += [f"{what}: {number}" for what, number in verdict(report) if number]
    return "\n".join([f"SEED={report.seed}", *lines, *details(report)])


def kills(report: Report) -> int:
    """Return how many processes were killed by SIGKILL."""
    return sum(n for name, n in report.done.actions.items() if name.startswith("kill"))
