"""One process of the system as its supervisor sees it."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple


class Role(NamedTuple):
    """What a process does: ``web``, ``worker`` or ``scheduler``; web processes are numbered."""

    name: str
    number: int = 0

    def __str__(self) -> str:
        return f"{self.name} {self.number}" if self.name == "web" else self.name


PROGRAM = (sys.executable, "-P", "-m", "shopwright", "--config", os.devnull)
"""Shopwright itself. The environment holds every setting (``child_environment``), so no file is
read; ``-P``: the working folder is not searched for code."""


def command(role: Role, lifeline: int, listener: int | None = None) -> list[str]:
    """Return the command line of a role; a web process may be handed an open ``listener``."""
    chosen = ["--role", role.name, "--number", str(role.number), "--lifeline", str(lifeline)]
    if listener is not None and role.name == "web":
        chosen += ["--listener", str(listener)]
    return [*PROGRAM, "up", *chosen]


class Child:
    """One role: its process while it runs, its crashes, and when it is due to start."""

    def __init__(self, role: Role) -> None:
        self.role = role
        self.crashed: list[float] = []
        self.due = 0.0
        self.started = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process, as long as it has not been cleared away."""
        return self._process.pid if self._process else None

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], inherit: Sequence[int]
    ) -> None:
        """Start the process in a group of its own; it inherits these file descriptors."""
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            arguments,
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=inherit,
            process_group=0,
        )

    def code(self) -> int | None:
        """Return how the process ended; None while it runs, and where there is none."""
        return self._process.poll() if self._process else None

    def is_running(self) -> bool:
        """Whether there is a process that has not ended."""
        return self._process is not None and self._process.poll() is None

    def ask_to_stop(self) -> None:
        """Send the signal to stop to the process; it tells its own children."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def clear(self) -> None:
        """Kill whatever is left of the process and its group."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
