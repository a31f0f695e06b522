"""How many records lie between two positions of the log: for a progress bar, nearly exact."""

from contextlib import closing
from pathlib import Path

from shopwright.adapters.log_segments import ROW_BITS, ROW_MASK, SegmentFolder, open_to_read
from shopwright.core.types.log import Position


def count_records(folder: Path, after: Position, end: Position) -> int:
    """Return the number of records behind one position and up to the other.

    Erased records count as if they were there.
    """
    return sum(
        _in_partition(folder / partition, after.get(partition, 0), last)
        for partition, last in end.items()
        if (folder / partition).is_dir()
    )


def _in_partition(folder: Path, first: int, last: int) -> int:
    count = 0
    for day in SegmentFolder(folder).days():
        if not first >> ROW_BITS <= day <= last >> ROW_BITS:
            continue
        low = first & ROW_MASK if day == first >> ROW_BITS else 0
        if day == last >> ROW_BITS:
            high = last & ROW_MASK
        else:
            with closing(open_to_read(folder, day)) as file:
                high = file.number("SELECT max(row) FROM events") or 0
        count += max(0, high - low)
    return count
