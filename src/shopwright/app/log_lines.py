"""Log lines: one JSON object a line on standard error.

They name stores, topics and results; never a person, a body, a secret or a path.
"""

import logging
import sys
from typing import Any, TextIO

import msgspec

from shopwright.core.clock import US_PER_SECOND, iso

LINES_GATHERED_MAX = 100


class OneLine(logging.Formatter):
    """Writes a record as JSON; a message that is a mapping is merged into it."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process
        self._second = -1
        self._second_text = ""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "at": self._instant(record.created),
            "process": self._process,
            "level": record.levelname.lower(),
        }
        if isinstance(record.msg, dict):
            told |= record.msg
        else:
            told["message"] = record.getMessage()
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(told).decode()

    def _instant(self, epoch: float) -> str:
        second, fraction = divmod(round(epoch * 1e6), US_PER_SECOND)
        if second != self._second:
            # Writing a date costs more than the rest of the line, and it changes once a second.
            self._second, self._second_text = second, iso(second * US_PER_SECOND)[:19]
        return f"{self._second_text}.{fraction:06d}Z"


class Gathered(logging.Handler):
    """Writes lines a hundred at once; a warning, and whoever calls ``flush``, does not wait.

    Every single write gives other threads the interpreter and waits to have it back, which costs a
    busy gateway more than the line itself.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take one line."""
        try:
            self._lines.append(self.format(record))
        except Exception:
            self.handleError(record)
        if record.levelno >= logging.WARNING or len(self._lines) >= LINES_GATHERED_MAX:
            self.flush()

    def flush(self) -> None:
        """Write what was taken."""
        assert self.lock is not None
        with self.lock:
            lines, self._lines = self._lines, []
            if lines:
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()


def set_up(process: str, level: str) -> None:
    """Send every log line of this process to standard error, from this level on."""
    _handle(logging.StreamHandler(sys.stderr), process, level)


def set_up_gathered(process: str, level: str) -> Gathered:
    """Do the same with lines gathered; somebody must ``flush`` the handler now and then."""
    handler = Gathered(sys.stderr)
    _handle(handler, process, level)
    return handler


def _handle(handler: logging.Handler, process: str, level: str) -> None:
    handler.setFormatter(OneLine(process))
    # Nobody reads these of a line, and finding them out costs time at each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Its lines about starting and stopping are ours to say.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
