"""What every benchmark shares: the machine in one line, its noise, child programs, tables."""

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
REAL_ORDERS = SHARED / "data" / "online_retail_ii.parquet"
PROGRAM = (sys.executable, "-P", "-m", "shopwright", "--config", os.devnull)


def describe() -> str:
    """Return the machine in one line, with its load and the disk's fsync time."""
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"load {load:.1f}, fsync p50 {fsync_ms():.1f} ms"
    )


def fsync_ms(times: int = 50) -> float:
    """Return the median time of an fdatasync of 4 KiB in the folder of temporary files."""
    spent = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(times):
            os.write(file.fileno(), b"x" * 4096)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            spent.append((time.perf_counter() - began) * 1e3)
    return statistics.median(spent)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Used:
    """Wall and CPU seconds and peak memory of a child program."""

    def __init__(self, wall: float, cpu: float, peak_mb: float, out: str) -> None:
        self.wall = wall
        self.cpu = cpu
        self.peak_mb = peak_mb
        self.out = out


def child(
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Used:
    """Run a program to its end; raise RuntimeError with what it said when it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(
        arguments,
        env={**os.environ, **(environment or {})},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    out = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}: {out[-2000:]}")
    wall = time.perf_counter() - began
    return Used(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out)


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of a call in this process, its threads included."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(headings) + " |")
    print("|" + " --- |" * len(headings))
    for row in rows:
        cells = (f"{cell:,.4g}" if isinstance(cell, float) else str(cell) for cell in row)
        print("| " + " | ".join(cells) + " |", flush=True)
