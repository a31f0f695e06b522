"""Where in the log: a partition is written by one process, an offset only ever grows."""

from collections.abc import Mapping
from typing import NewType

from msgspec import Struct

from shopwright.core.types.event import SealedEvent

Position = NewType("Position", Mapping[str, int])
"""For each partition the offset of the last record that was taken; an absent one is untouched."""


class LogRecord(Struct, frozen=True, kw_only=True):
    """A sealed event and where it lies."""

    partition: str
    """Name of the writer: ``web-0``, ``import``."""
    offset: int
    event: SealedEvent


class Appended(Struct, frozen=True, kw_only=True):
    """What an append did: duplicates are counted, never stored."""

    new: int
    duplicates: int
