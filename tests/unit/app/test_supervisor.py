"""The supervisor with real child processes: restarts, refusals, the order of a stop."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from shopwright.app import supervisor as supervisor_module
from shopwright.app.child import Child, Role, command
from shopwright.app.lock import hold, holder
from shopwright.app.restarts import (
    CRASHES_MAX,
    DELAY_SECONDS_MAX,
    STEADY_SECONDS,
    WINDOW_SECONDS,
    restart_after,
)
from shopwright.app.settings import load
from shopwright.app.stopping import Stop
from shopwright.app.supervisor import Supervisor, check_port, roles
from shopwright.core.clock import SystemClock
from shopwright.core.errors import Busy

STAYS = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-E", "-c", code]


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"


class Running:
    """A supervisor in a thread; it ends with the block."""

    def __init__(
        self,
        programs: dict[Role, str],
        monotonic: Callable[[], float] = time.monotonic,
        listener: int | None = None,
    ) -> None:
        self.children = [Child(role) for role in programs]
        self.stop = Stop()
        self.code: int | None = None
        self.ended: list[int] = []
        self.supervisor = Supervisor(
            self.children,
            dict(os.environ),
            clock=SystemClock(),
            command=lambda role, _lifeline: python(programs[role]),
            monotonic=monotonic,
            ended=self.ended.append,
            listener=listener,
        )
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.code = self.supervisor.run(self.stop)

    def __enter__(self) -> "Running":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.request()
        self.thread.join(15)

    def pids(self) -> list[int]:
        return [child.pid for child in self.children if child.pid]


WORKER, WEB, SCHEDULER = Role("worker"), Role("web", 0), Role("scheduler")


def test_a_stop_ends_every_child_and_exits_0() -> None:
    with Running(dict.fromkeys((WORKER, WEB, SCHEDULER), STAYS)) as running:
        until(lambda: len(running.pids()) == 3)
        pids = running.pids()
    assert running.code == 0
    assert sorted(running.ended) == sorted(pids)
    assert not any(is_alive(pid) for pid in pids)


def test_web_stops_first_then_scheduler_then_worker() -> None:
    with Running(dict.fromkeys((WORKER, WEB, SCHEDULER), STAYS)) as running:
        until(lambda: len(running.pids()) == 3)
        by_pid = {child.pid: child.role for child in running.children}
    assert [by_pid[pid] for pid in running.ended] == [WEB, SCHEDULER, WORKER]


def test_a_killed_child_is_started_again() -> None:
    with Running({WORKER: STAYS}) as running:
        until(running.pids)
        (first,) = running.pids()
        os.kill(first, signal.SIGKILL)
        until(lambda: running.pids() and running.pids() != [first])
    assert running.code == 0
    assert running.ended[0] == first


def test_what_a_crashed_child_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    grandchild = tmp_path / "grandchild"
    code = (
        "import subprocess, sys, pathlib, time\n"
        f"p = subprocess.Popen([sys.executable, '-S', '-c', {STAYS!r}])\n"
        f"pathlib.Path({str(grandchild)!r}).write_text(str(p.pid))\n"
        "time.sleep(60)"
    )
    with Running({WORKER: code}) as running:
        until(lambda: grandchild.exists() and grandchild.read_text())
        orphan = int(grandchild.read_text())
        os.kill(running.pids()[0], signal.SIGKILL)
        until(lambda: not is_alive(orphan))


def test_a_child_that_refuses_its_settings_stops_everything_with_2() -> None:
    with Running({WORKER: STAYS, WEB: "raise SystemExit(2)"}) as running:
        running.thread.join(10)
        assert running.code == 2
    assert running.pids() == []


def test_a_web_process_that_keeps_failing_stops_everything_with_1() -> None:
    fast = time.monotonic()
    hurried = lambda: fast + (time.monotonic() - fast) * 15  # noqa: E731
    with Running({WEB: "raise SystemExit(1)", WORKER: STAYS}, hurried) as running:
        running.thread.join(20)
        assert running.code == 1
    assert len(running.ended) == CRASHES_MAX + 1  # and the worker


def test_a_child_that_lived_a_while_starts_anew_without_its_earlier_crashes() -> None:
    now = [1000.0]
    with Running({WEB: STAYS}, lambda: now[0]) as running:
        (child,) = running.children
        until(running.pids)
        (first,) = running.pids()
        child.crashed += [999.0] * (CRASHES_MAX - 1)
        now[0] += STEADY_SECONDS
        os.kill(first, signal.SIGKILL)
        until(lambda: child.crashed == [now[0]])
        now[0] += 1.0
        until(lambda: running.pids() not in ([], [first]))
    assert running.code == 0


def test_a_child_that_was_asked_to_stop_is_replaced_at_once() -> None:
    now = [1000.0]
    asked = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); "
    with Running({WEB: asked + "time.sleep(60)"}, lambda: now[0]) as running:
        (child,) = running.children
        until(running.pids)
        (first,) = running.pids()
        status = Path(f"/proc/{first}/status")
        until(lambda: int(status.read_text().split("SigCgt:")[1].split()[0], 16) & 1 << 14)
        now[0] += STEADY_SECONDS
        os.kill(first, signal.SIGTERM)
        until(lambda: running.pids() not in ([], [first]))
        assert child.crashed == []


def test_only_web_processes_inherit_the_socket(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        look = (
            f"import os, pathlib, time; there = os.path.exists('/proc/self/fd/{number}'); "
            "pathlib.Path({path!r}).write_text(str(there)); time.sleep(60)"
        )
        told = {role: tmp_path / role.name for role in (WEB, WORKER, SCHEDULER)}
        programs = {role: look.format(path=str(path)) for role, path in told.items()}
        with Running(programs, listener=number):
            until(lambda: all(path.exists() and path.read_text() for path in told.values()))
    assert {role.name: path.read_text() for role, path in told.items()} == {
        "web": "True",
        "worker": "False",
        "scheduler": "False",
    }


def test_a_child_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(supervisor_module.STOP_SECONDS, "worker", 0.3)
    with Running({WORKER: DEAF}) as running:
        until(running.pids)
        (pid,) = running.pids()
        status = Path(f"/proc/{pid}/status")
        until(lambda: int(status.read_text().split("SigIgn:")[1].split()[0], 16) & 1 << 14)
        started = time.monotonic()
    assert not is_alive(pid)
    assert 0.3 <= time.monotonic() - started < 3
    assert running.code == 0


def test_the_time_for_a_stop_is_under_ten_seconds() -> None:
    assert sum(supervisor_module.STOP_SECONDS.values()) < 10


CRASHES: list[tuple[Sequence[float], float, bool, float | None]] = [
    ([0.0], 0.0, True, 0.25),
    ([0.0, 1.0], 1.0, True, 0.5),
    ([0.0, 1.0, 2.0], 2.0, False, 1.0),
    ([float(i) for i in range(CRASHES_MAX)], float(CRASHES_MAX), True, None),
    ([float(i) for i in range(CRASHES_MAX)], float(CRASHES_MAX), False, DELAY_SECONDS_MAX),
    ([float(i) for i in range(100)], 100.0, False, DELAY_SECONDS_MAX),
    ([0.0] * 20 + [WINDOW_SECONDS + 1], WINDOW_SECONDS + 1, True, 0.25),
]


@pytest.mark.parametrize(("crashed", "now", "vital", "delay"), CRASHES)
def test_the_wait_doubles_up_to_a_bound(
    crashed: Sequence[float], now: float, vital: bool, delay: float | None
) -> None:
    assert restart_after(crashed, now, vital=vital) == delay


def test_a_child_that_loses_its_parent_stops(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    child = (
        "import os, pathlib, sys, time\n"
        "from shopwright.app.stopping import end_with_parent\n"
        "end_with_parent(int(sys.argv[1]))\n"
        f"pathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)"
    )
    parent = (
        "import os, subprocess, sys, time\n"
        "r, w = os.pipe()\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}, str(r)], pass_fds=(r,))\n"
        "time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", parent])
    until(lambda: mark.exists() and mark.read_text())
    process.kill()
    process.wait()
    until(lambda: not is_alive(int(mark.read_text())))


def test_one_supervisor_a_folder(tmp_path: Path) -> None:
    lock = tmp_path / "run" / "up.lock"
    assert holder(lock) is None
    with hold(lock, "this data folder"):
        assert holder(lock) == os.getpid()
        with pytest.raises(Busy, match=f"by process {os.getpid()}; stop"), hold(lock, "this"):
            pass
    assert holder(lock) is None
    with hold(lock, "this data folder"):
        pass


def test_a_taken_port_is_told_at_once() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = load(Path(os.devnull), {}, {"port": taken.getsockname()[1]})
        with pytest.raises(Busy, match=r"127\.0\.0\.1:\d+ cannot be listened on"):
            check_port(settings)
    check_port(settings)


def test_the_roles_of_a_system_and_their_commands() -> None:
    settings = load(Path(os.devnull), {}, {"web_workers": 2})
    assert [str(role) for role in roles(settings)] == ["worker", "web 0", "web 1", "scheduler"]
    assert command(Role("web", 1), 7)[-7:] == [
        "up", "--role", "web", "--number", "1", "--lifeline", "7",
    ]  # fmt: skip
    assert command(Role("web", 1), 7, 8)[-4:] == ["--lifeline", "7", "--listener", "8"]
    assert "--listener" not in command(Role("worker"), 7, 8)


def test_signals_are_noted_inside_the_block_only() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Stop() as stop:
        assert not stop.requested
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        until(lambda: stop.times == 2)
        assert stop.requested
    assert signal.getsignal(signal.SIGTERM) is before


def test_under_nohup_a_closed_terminal_does_not_stop_it() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
            until(lambda: stop.requested)
            assert stop.times == 1
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
