"""A bulk operation's file as a sequence of whole nodes, without ever holding all of it in memory.

Lines are spooled as they come and indexed by place; then each root is read with its children. A cut
download goes on where it was.
"""

from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from shopwright.admin.bulk_tree import LINE_BYTES_MAX, Line, assemble, read_line
from shopwright.core.clock import Clock
from shopwright.core.errors import Unreadable

TRIES = 6
PAUSE_SECONDS = 2.0
DEPTH_MAX = 2
_ROOT, _ORPHAN = -1, -2

Download = Callable[[int], Iterator[bytes]]
"""A file from a byte on, in pieces; raises OSError when it is cut."""


class Spool(Protocol):
    """Where the bytes lie meanwhile (``adapters.sealed_spool``)."""

    size: int

    def append(self, more: bytes) -> None: ...
    def read(self, start: int, length: int) -> bytes: ...
    def close(self) -> None: ...


class Root(NamedTuple):
    """One node of the top-level connection."""

    id: str
    """Global id."""
    body: bytes
    """The node with its children, as JSON."""


class BulkFile:
    """The lines of one file, indexed; ``close`` it."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._starts = array("q")
        self._lengths = array("l")
        self._parents = array("l")
        self._places: dict[str, int] = {}
        """Of every line that may have children."""
        self._orphans: dict[str, list[int]] = {}
        """Lines by a parent that has not come yet."""
        self.lines = 0
        self.roots = 0

    def fetch(self, download: Download, clock: Clock) -> None:
        """Read the whole file in. Raises OSError when it stays cut, Unreadable for what is no file.

        What was read before a cut stays.
        """
        tries = 0
        while True:
            before = self._spool.size
            try:
                for piece in download(before):
                    self._spool.append(piece)
                break
            except OSError:
                tries = tries + 1 if self._spool.size == before else 1
                if tries >= TRIES:
                    raise
                clock.sleep(PAUSE_SECONDS * tries)
        self._index()

    def _index(self) -> None:
        start, rest = 0, b""
        offset = 0
        while offset < self._spool.size:
            piece = self._spool.read(offset, 1 << 18)
            offset += len(piece)
            lines = (rest + piece).split(b"\n")
            rest = lines.pop()
            if len(rest) > LINE_BYTES_MAX:
                raise Unreadable("a line of the bulk operation's file is too long to be true")
            for line in lines:
                self._note(start, line)
                start += len(line) + 1
        self._note(start, rest)

    def _note(self, start: int, text: bytes) -> None:
        if not text.strip():
            return
        line = read_line(text)
        place = self.lines
        self._starts.append(start)
        self._lengths.append(len(text))
        self._parents.append(self._parent_place(line, place))
        if line.may_have_children:
            self._places[line.id] = place
            for orphan in self._orphans.pop(line.id, ()):
                self._parents[orphan] = place
        self.lines += 1
        self.roots += line.parent_id is None

    def _parent_place(self, line: Line, place: int) -> int:
        if line.parent_id is None:
            return _ROOT
        found = self._places.get(line.parent_id)
        if found is None:
            self._orphans.setdefault(line.parent_id, []).append(place)
            return _ORPHAN
        return found

    @property
    def is_whole(self) -> bool:
        """Whether every child's parent is in the file."""
        return not self._orphans

    def kinds(self) -> set[str]:
        """Return the types of all roots."""
        return {read_line(line).kind for line in self.root_lines()}

    def root_lines(self) -> Iterator[bytes]:
        """Yield the line of every root, without its children."""
        for place, parent in enumerate(self._parents):
            if parent == _ROOT:
                yield self._line(place)

    def nodes(self) -> Iterator[Root]:
        """Yield every root with its children, in the order of the roots in the file.

        Raises Unreadable when a child's parent is nowhere in the file: then lines are missing.
        """
        if self._orphans:
            raise Unreadable("the bulk operation's file names a parent that is not in it")
        children: dict[int, array[int]] = {}
        for place, parent in enumerate(self._parents):
            if parent != _ROOT:
                children.setdefault(self._root_of(place), array("l")).append(place)
        for place, parent in enumerate(self._parents):
            if parent == _ROOT:
                text = self._line(place)
                below = [self._line(one) for one in children.get(place, ())]
                yield Root(read_line(text).id, assemble(text, below))

    def _root_of(self, place: int) -> int:
        for _ in range(DEPTH_MAX + 1):
            if self._parents[place] == _ROOT:
                return place
            place = self._parents[place]
        raise Unreadable("the bulk operation's file is nested too deeply")

    def _line(self, place: int) -> bytes:
        return self._spool.read(self._starts[place], self._lengths[place])

    def close(self) -> None:
        """Let go of the file."""
        self._spool.close()
