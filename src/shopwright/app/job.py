"""One child program that runs beside everything else: nice, watched, and ended when it is late."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

SAID_BYTES_MAX = 4_096
TERM_SECONDS = 1.0
"""How long a program that was told to end may tidy up."""


class Ended(Struct, frozen=True):
    """How a job ended."""

    code: int
    """Its exit code; negative when a signal ended it."""
    seconds: float
    late: bool
    said: str
    """The last line that it wrote to standard error."""


class Job:
    """A running child program. It stays in its parent's process group and ends with it."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        nice: int,
        seconds_max: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._started = monotonic()
        self._seconds_max = seconds_max
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the job has ended
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            arguments,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )
        os.setpriority(os.PRIO_PROCESS, self._process.pid, nice)

    def poll(self) -> Ended | None:
        """Return how it ended, or None while it runs; a job that is late is ended here."""
        seconds = self._monotonic() - self._started
        late = seconds > self._seconds_max
        if self._process.poll() is None:
            if not late:
                return None
            self._kill()
        return Ended(self._process.returncode, seconds, late, self._last_line())

    def end(self) -> None:
        """End the program now; what it had not committed is lost."""
        self._kill()
        self._errors.close()

    def _kill(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(TERM_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_line(self) -> str:
        length = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, length - SAID_BYTES_MAX))
        lines = self._errors.read().decode("utf-8", "replace").split("\n")
        self._errors.close()
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
