"""Progress of long work: a bar on a terminal, a plain line now and then anywhere else.

Everything goes to standard error, so that standard output stays what a program can read.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

LINE_SECONDS = 5.0
"""How often a log file, a pipe or a build server is told."""


class Progress(Protocol):
    """How far some work has come (``pipelines.import_file.Progress`` is one)."""

    @property
    def step(self) -> str:
        """What is being done: ``reading``."""

    @property
    def done(self) -> int:
        """Units done."""

    @property
    def total(self) -> int | None:
        """Units in all; None while that is not known."""


Watch = Callable[[Progress], None]


@contextmanager
def watched(out: TextIO | None = None) -> Iterator[Watch]:
    """Give the function that is told of progress; the display ends with the block."""
    stream = sys.stderr if out is None else out
    if not stream.isatty():
        yield Lines(stream)
        return
    with _bars(stream) as watch:
        yield watch


class Lines:
    """Plain lines: at the beginning of each step, then every few seconds."""

    def __init__(self, out: TextIO, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._monotonic = monotonic
        self._step = ""
        self._told = 0.0

    def __call__(self, progress: Progress) -> None:
        """Print where the work is, unless that was said a moment ago."""
        now = self._monotonic()
        if progress.step == self._step and now - self._told < LINE_SECONDS:
            return
        self._step, self._told = progress.step, now
        of = f" of {progress.total:,}" if progress.total else ""
        self._out.write(f"{progress.step}: {progress.done:,}{of}\n")
        self._out.flush()


@contextmanager
def _bars(stream: TextIO) -> Iterator[Watch]:
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(file=stream)) as bars:
        steps: dict[str, object] = {}

        def watch(progress: Progress) -> None:
            if progress.step not in steps:
                steps[progress.step] = bars.add_task(progress.step, total=progress.total)
            task = steps[progress.step]
            bars.update(task, completed=progress.done, total=progress.total)  # type: ignore[arg-type]

        yield watch
