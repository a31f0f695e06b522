"""Removes segments of the log that nobody needs any more, and remembers that they were there.

A rebuild from nothing would silently begin in the middle of a shortened log. So how far it was
shortened is durable before the first file goes, as the position of a consumer of its own.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from shopwright.adapters.locks import sync_folder
from shopwright.adapters.log_consumers import Consumers
from shopwright.adapters.log_segments import (
    ROW_BITS,
    SegmentFolder,
    open_to_read,
    segment_path,
)
from shopwright.adapters.log_writer import REMEMBERED_SEGMENTS
from shopwright.core.types.log import Position

REMOVED = "removed"
"""The consumer whose position is the end of what was removed."""

KEPT_ALWAYS = REMEMBERED_SEGMENTS + 1
"""The writer knows duplicates again by its current segment and the three before it."""


class Segment(NamedTuple):
    """One file of the log."""

    partition: str
    day: int
    """Days since 1970-01-01."""
    path: Path
    newest: int
    """The offset of its last record; that of the day's beginning where an erasure left none."""


class LogRetention:
    """The segments in a log's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def removed(self) -> Position:
        """Return the newest offset of each partition that retention has removed."""
        with closing(Consumers(self._folder / "consumers.sqlite")) as consumers:
            return consumers.positions().get(REMOVED, Position({}))

    def removable(
        self, checkpoint: Position, before_day: int, needed: Collection[tuple[str, int]]
    ) -> list[Segment]:
        """Return the segments that may go.

        They are older than the day, not among the newest four of their partition, lie wholly behind
        the checkpoint's position and behind every consumer, and hold none of the records in
        ``needed`` (partition, offset).
        """
        with closing(Consumers(self._folder / "consumers.sqlite")) as consumers:
            positions = consumers.positions()
        positions.pop(REMOVED, None)
        days_needed = {(partition, offset >> ROW_BITS) for partition, offset in needed}
        return [
            segment
            for segment in self._segments()
            if segment.day < before_day
            and (segment.partition, segment.day) not in days_needed
            and _lies_behind(segment, [checkpoint, *positions.values()])
        ]

    def remove(self, segments: Collection[Segment]) -> int:
        """Remove the segments; return how many bytes they had."""
        if not segments:
            return 0
        self._remember(segments)
        freed = 0
        for segment in segments:
            # The file first: a write-ahead log without it is never taken for a segment.
            for suffix in ("", "-wal", "-shm"):
                path = segment.path.with_name(segment.path.name + suffix)
                if path.exists():
                    freed += path.stat().st_size
                    path.unlink()
            sync_folder(segment.path.parent)
        return freed

    def _remember(self, segments: Collection[Segment]) -> None:
        with closing(Consumers(self._folder / "consumers.sqlite")) as consumers:
            ends = dict(consumers.positions().get(REMOVED, {}))
            for segment in segments:
                ends[segment.partition] = max(ends.get(segment.partition, 0), segment.newest)
            consumers.commit(REMOVED, Position(ends))

    def _segments(self) -> Iterator[Segment]:
        """Walk the segments that duplicates are not looked for in."""
        for folder in sorted(path for path in self._folder.iterdir() if path.is_dir()):
            for day in SegmentFolder(folder).days()[:-KEPT_ALWAYS]:
                with closing(open_to_read(folder, day)) as file:
                    row = file.number("SELECT max(row) FROM events") or 0
                yield Segment(folder.name, day, segment_path(folder, day), day << ROW_BITS | row)


def _lies_behind(segment: Segment, positions: Collection[Mapping[str, int]]) -> bool:
    return all(position.get(segment.partition, -1) >= segment.newest for position in positions)
