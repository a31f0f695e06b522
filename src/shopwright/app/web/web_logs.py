"""Log lines of the web process: one JSON object a line on standard error.

They name stores, topics and results; never a person, a body, a secret or a path.
"""

import logging
import sys
from typing import Any

import msgspec

from shopwright.core.clock import iso


class OneLine(logging.Formatter):
    """Writes a record as JSON; a message that is a mapping is merged into it."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "at": iso(round(record.created * 1e6)),
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


def set_up(process: str, level: str) -> None:
    """Send every log line of this process to standard error, from this level on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Its lines about starting and stopping are ours to say.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
