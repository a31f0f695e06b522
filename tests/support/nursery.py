"""Children that tell the traced story, each with a tracer at its side from its first step on."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from syscalls import WRITING, Tracer
from traced_script import Order


class Nursery:
    """One process that has imported everything and forks a child for each order."""

    def __init__(self) -> None:
        here = str(Path(__file__).parent)
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("traced_script.py"))],
            env=os.environ | {"PYTHONPATH": here},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        order: Order,
        trace: Path,
        options: Sequence[str] = (),
        *,
        calls: str = WRITING,
        data: bool = False,
    ) -> int:
        """Run one child to its end under strace; return its exit code, -9 when it was killed."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(msgspec.to_builtins(order)) + "\n")
        self._process.stdin.flush()
        pid = int(self._line())
        try:
            tracer = Tracer(pid, trace, options, calls=calls, data=data)
        except BaseException:
            os.kill(pid, signal.SIGKILL)
            self._line()
            raise
        os.kill(pid, signal.SIGUSR1)
        code = int(self._line())
        tracer.end()
        return code

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the nursery has ended"
        return line

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Keep a nursery for the length of a block."""
    kept = Nursery()
    try:
        yield kept
    finally:
        kept.close()
