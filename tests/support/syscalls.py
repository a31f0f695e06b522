"""What a process asked of the kernel, read from strace's own words.

Written by ``strace -f -y -xx``: every string and path is hexadecimal, so nothing needs guessing.
With several threads a call may be told in two lines; ``begun`` and ``ended`` are the line numbers,
so an order of two calls is only believed when one ended before the other began.
"""

import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

WRITING = (
    "pwrite64,pwritev,pwritev2,write,writev,ftruncate,fallocate,fsync,fdatasync,sync_file_range,"
    "rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir"
)
"""Every call by which the real adapters can change what is on disk, or make it last."""
RECORDED = f"{WRITING},open,openat,creat,lseek,mmap,truncate,msync,copy_file_range,sendfile,symlink"
BYTES_MAX = 4 << 20
_LINE = re.compile(r"(?P<pid>\d+) +(?P<rest>.*)", re.DOTALL)
_CALL = re.compile(
    r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\w+)(?P<more>.*)", re.DOTALL
)
_BEGUN = re.compile(r"(?P<name>\w+)\((?P<arguments>.*) ?<unfinished \.\.\.>")
_ENDED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_PATH = re.compile(r"<((?:\\x[0-9a-f]{2})+)>(\(deleted\))?")


class Call(NamedTuple):
    """One system call that came back."""

    begun: int
    ended: int
    pid: int
    name: str
    arguments: str
    result: int
    error: str
    """``EIO`` and the like; empty when the call did what it was asked."""

    @property
    def texts(self) -> list[bytes]:
        """Every string among the arguments, as bytes."""
        return [_bytes(found) for found in _TEXT.findall(self.arguments)]

    @property
    def data(self) -> bytes:
        """What was written or read."""
        return b"".join(self.texts)[: max(0, self.result)]

    @property
    def path(self) -> str:
        """The file behind the first descriptor; empty when it has lost its name."""
        found = _PATH.search(self.arguments)
        return "" if found is None or found[2] else _bytes(found[1]).decode()

    @property
    def handle(self) -> int:
        """The descriptor that is the first argument."""
        return int(re.match(r"-?\d+", self.arguments)[0])  # type: ignore[index]

    @property
    def last_number(self) -> int:
        """The last argument: an offset or a length."""
        return int(self.arguments.rpartition(", ")[2])


def _bytes(hexadecimal: str) -> bytes:
    return bytes.fromhex(hexadecimal.replace("\\x", ""))


def read_trace(path: Path) -> Iterator[Call]:
    """Return every finished call of a trace, in the order in which they ended."""
    begun: dict[tuple[int, str], tuple[int, str]] = {}
    with path.open(encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines):
            told = _LINE.match(line.rstrip("\n"))
            if told is None:
                continue
            pid, rest = int(told["pid"]), told["rest"]
            if half := _BEGUN.match(rest):
                begun[pid, half["name"]] = number, half["arguments"]
                continue
            first = number
            if half := _ENDED.match(rest):
                first, arguments = begun.pop((pid, half["name"]))
                rest = f"{half['name']}({arguments}{half['rest']}"
            if call := _CALL.match(rest):
                yield _call(first, number, pid, call)


def _call(first: int, number: int, pid: int, told: re.Match[str]) -> Call:
    result = told["result"]
    value = int(result, 0) if re.fullmatch(r"-?\d+|0x[0-9a-f]+", result) else -1
    error = told["more"].split()[0] if value == -1 and told["more"].split() else ""
    return Call(first, number, pid, told["name"], told["arguments"], value, error)


def strace_command(
    output: Path, *options: str, calls: str = WRITING, data: bool = False
) -> list[str]:
    """Return the start of a command line that traces what follows it, children included."""
    command = ["strace", "-f", "-q", "-y", "-xx", "-o", str(output), "-e", f"trace={calls}"]
    return [*command, "-s", str(BYTES_MAX if data else 0), *options]


class Tracer:
    """strace on a process that waits; ``options`` are strace's own."""

    def __init__(
        self, pid: int, output: Path, options: Sequence[str] = (), *, calls: str, data: bool = False
    ) -> None:
        command = strace_command(output, *options, calls=calls, data=data)
        command.remove("-q")
        self._strace = subprocess.Popen(
            [*command, "-p", str(pid)], stderr=subprocess.PIPE, text=True
        )
        assert self._strace.stderr is not None
        said = self._strace.stderr.readline()
        if "attached" not in said:
            self.end()
            raise OSError(f"strace cannot attach: {said.strip()}")

    def end(self) -> None:
        """Return when the traced process has ended and all is written; or let it go."""
        assert self._strace.stderr is not None
        try:
            self._strace.wait(60)
        except subprocess.TimeoutExpired:
            self._strace.terminate()
            self._strace.wait(10)
        self._strace.stderr.close()

    def let_go(self) -> None:
        """Stop tracing; the process goes on."""
        self._strace.terminate()
        self.end()
