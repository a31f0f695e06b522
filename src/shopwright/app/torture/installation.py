"""The tortured installation: a data folder with three stores, and ``shopwright up`` running on it.

Whoever restarts the supervisor here does what systemd or a container engine does: starts it again
as soon as it has ended. Linux only: the children are found in ``/proc``.
"""

import os
import secrets as chance
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from shopwright.app.child import PROGRAM
from shopwright.app.demo.home import add_stores, free_port
from shopwright.app.master_key import KEY_BYTES, write_master_key
from shopwright.app.settings import Settings, child_environment, load
from shopwright.core.clock import Clock
from shopwright.core.errors import NotReady
from shopwright.core.types.identity import StoreId

STOP_SECONDS_MAX = 10.0
"""What container engines allow."""
START_AGAIN_SECONDS = 0.3

ROLES = ("web", "worker", "scheduler")


def new_settings(folder: Path, web_workers: int) -> Settings:
    """Return the settings of an installation whose files all lie in the folder."""
    given = {
        "home": str(folder / "home"),
        "port": free_port(),
        "web_workers": web_workers,
        "train_every_hours": 0,
        "mlflow_every_seconds": 0,
        "archive_every_seconds": 2,
        "erase_settle_seconds": 2,
    }
    return load(Path(os.devnull), {}, given)


def furnish(settings: Settings, clock: Clock) -> Mapping[StoreId, bytes]:
    """Make the data folder and its stores; return each store's webhook secret."""
    write_master_key(settings, chance.token_bytes(KEY_BYTES))
    return {StoreId(store): secret for store, secret in add_stores(settings, clock).items()}


class Installation:
    """Runs ``shopwright up`` and single commands beside it; all output goes to one file."""

    def __init__(self, settings: Settings, output: Path, clock: Clock) -> None:
        if not Path("/proc/self/stat").exists():
            raise NotReady("the torture finds its victims in /proc, so it needs Linux")
        self.settings = settings
        self.output = output
        self.starts = 0
        self.slow_stops = 0
        self._clock = clock
        self._up: subprocess.Popen[bytes] | None = None
        self._ended = 0.0

    def start(self) -> None:
        """Start ``shopwright up``."""
        with self.output.open("ab") as lines:
            self._up = subprocess.Popen(  # noqa: S603 - our own program
                [*PROGRAM, "up"],
                env=child_environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=lines,
                process_group=0,
            )
        self.starts += 1

    def keep_up(self) -> None:
        """Start it again when it has ended, a moment after that."""
        if self._up is None or self._up.poll() is None:
            return
        if not self._ended:
            self._ended = time.monotonic()
        elif time.monotonic() - self._ended > START_AGAIN_SECONDS:
            self._ended = 0.0
            self.start()

    def children(self, role: str) -> list[int]:
        """Return the processes of a role that live now."""
        return [] if self._up is None else _children(self._up.pid, role)

    def kill_supervisor(self) -> bool:
        """Kill the supervisor; its children notice by themselves."""
        if self._up is None or self._up.poll() is not None:
            return False
        self._up.kill()
        self._up.wait()
        return True

    def stop(self) -> float:
        """Ask everything to stop; return the seconds it took. Whatever is left is killed."""
        if self._up is None or self._up.poll() is not None:
            return 0.0
        began = time.monotonic()
        self._up.send_signal(signal.SIGTERM)
        try:
            self._up.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.slow_stops += 1
            self._up.kill()
            self._up.wait()
        return time.monotonic() - began

    def end(self) -> None:
        """End everything for good, orphans of a killed supervisor included."""
        self.stop()
        deadline = time.monotonic() + STOP_SECONDS_MAX
        mark = f"{self.settings.home}".encode()
        while (left := _living(mark)) and time.monotonic() < deadline:
            self._clock.sleep(0.1)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def command(self, *arguments: str, seconds_max: float = 120.0) -> tuple[int, str]:
        """Run one command of ours beside it; return its exit code and what it printed."""
        try:
            done = subprocess.run(  # noqa: S603 - our own program
                [*PROGRAM, *arguments],
                env=child_environment(self.settings),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds_max,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return -1, ""
        with self.output.open("ab") as lines:
            lines.write(done.stdout + done.stderr)
        return done.returncode, done.stdout.decode(errors="replace")


def _children(parent: int, role: str) -> list[int]:
    wanted = ("--role", role)
    return [pid for pid, words in _processes(parent) if wanted in pairwise(words)]


def _processes(parent: int) -> list[tuple[int, list[str]]]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            state, ppid = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(ppid) == parent and state != "Z":
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                found.append((int(folder.name), words))
    return found


def _living(home: bytes) -> list[int]:
    """Return every process that was started for this data folder, by its environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            mine = b"SHOPWRIGHT_HOME=" + home + b"\0" in (folder / "environ").read_bytes()
            if mine and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found
