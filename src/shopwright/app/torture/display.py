"""Shows how the torture goes: a line that moves on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from shopwright.app.torture.life import Status, Tell

LINE_SECONDS = 10.0


@contextmanager
def shown(seed: int) -> Iterator[Tell]:
    """Give the function that is told how far it has come."""
    if not sys.stderr.isatty():
        yield _lines(seed)
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[says]}"),
    )
    console = Console(file=sys.stderr)
    console.print(f"seed {seed}")
    with Progress(*columns, console=console) as bars:
        task = bars.add_task("", says="")

        def tell(status: Status) -> None:
            bars.update(
                task,
                description=status.step,
                completed=status.done,
                total=status.total,
                says=status.says,
            )

        yield tell


def _lines(seed: int) -> Tell:
    step, told = "", 0.0

    def tell(status: Status) -> None:
        nonlocal step, told
        now = time.monotonic()
        if status.step == step and now - told < LINE_SECONDS:
            return
        step, told = status.step, now
        of = f" {status.done} of {status.total} s" if status.total else ""
        says = f": {status.says}" if status.says else ""
        print(f"{status.step}{of}{says}", file=sys.stderr, flush=True)

    print(f"seed {seed}", file=sys.stderr, flush=True)
    return tell
