"""``shopwright up``: starts web, worker and scheduler, restarts what crashes, stops in order.

Each child leads a process group of its own, so Ctrl-C reaches the supervisor alone, and whatever a
child leaves behind ends with it. A child that loses the supervisor stops by itself (the lifeline).
"""

import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from shopwright.app.child import Child, Role, command
from shopwright.app.listening import listen
from shopwright.app.lock import hold
from shopwright.app.restarts import STEADY_SECONDS, restart_after
from shopwright.app.settings import Settings, child_environment
from shopwright.app.stopping import Stop
from shopwright.core.clock import Clock, SystemClock
from shopwright.core.errors import BadInput

log = logging.getLogger("supervisor")

TICK_SECONDS = 0.05
STOP_SECONDS = {"web": 4.0, "scheduler": 2.0, "worker": 3.0}
"""In the order in which they stop: no more questions, no more orders, then the rest of the work.
Together under the ten seconds that container engines allow before they kill. Killing the worker
loses nothing: a step is one transaction."""


class Supervisor:
    """Keeps its children running until it is asked to stop."""

    def __init__(
        self,
        children: Sequence[Child],
        environment: Mapping[str, str],
        *,
        clock: Clock,
        command: Callable[[Role, int], Sequence[str]] = command,
        monotonic: Callable[[], float] = time.monotonic,
        ended: Callable[[int], None] = lambda _pid: None,
        listener: int | None = None,
    ) -> None:
        self._children = children
        self._environment = environment
        self._clock = clock
        self._command = command
        self._monotonic = monotonic
        self._ended = ended
        self._listener = () if listener is None else (listener,)

    def run(self, stop: Stop) -> int:
        """Run until asked to stop, or until going on is no use; return the exit code."""
        lifeline, hand = os.pipe()
        code = None
        try:
            while not stop.requested and code is None:
                for child in self._children:
                    code = code or self._tend(child, lifeline)
                self._clock.sleep(TICK_SECONDS)
        finally:
            self._stop(stop)
            os.close(hand)
            os.close(lifeline)
        return code or 0

    def _tend(self, child: Child, lifeline: int) -> int | None:
        """Do what a child needs; return the exit code of the whole when it cannot be helped."""
        if child.pid is None and self._monotonic() >= child.due:
            inherit = (lifeline, *self._listener) if child.role.name == "web" else (lifeline,)
            child.start(self._command(child.role, lifeline), self._environment, inherit)
            child.started = self._monotonic()
            log.info("%s started as process %d", child.role, child.pid)
        elif (code := child.code()) is not None:
            return self._mend(child, code)
        return None

    def _mend(self, child: Child, code: int) -> int | None:
        now = self._monotonic()
        self._clear(child)
        if now - child.started >= STEADY_SECONDS:
            child.crashed.clear()
            if code == 0:
                child.due = now
                log.info("%s stopped as it was asked; starting another", child.role)
                return None
        child.crashed.append(now)
        delay = restart_after(child.crashed, now, vital=child.role.name == "web")
        if code == BadInput.exit_code:
            log.error("%s refused to start, for the reason above; stopping", child.role)
            return code
        if delay is None:
            log.error("%s keeps failing, for the reason above; stopping", child.role)
            return 1
        child.due = now + delay
        log.warning("%s ended with %d; starting it again in %.2f s", child.role, code, delay)
        return None

    def _stop(self, stop: Stop) -> None:
        asked = stop.times
        for name, seconds in STOP_SECONDS.items():
            group = [child for child in self._children if child.role.name == name]
            for child in group:
                child.ask_to_stop()
            deadline = self._monotonic() + seconds
            while any(child.is_running() for child in group):
                if self._monotonic() >= deadline or stop.times > asked:
                    break
                self._clock.sleep(TICK_SECONDS)
            for child in group:
                if child.is_running():
                    log.warning("%s did not stop in time and is killed", child.role)
                self._clear(child)
        log.info("stopped")

    def _clear(self, child: Child) -> None:
        if (pid := child.pid) is not None:
            child.clear()
            self._ended(pid)


def roles(settings: Settings) -> list[Role]:
    """Return the roles of a whole system, in the order in which they are started."""
    webs = [Role("web", number) for number in range(settings.web_workers)]
    return [Role("worker"), *webs, Role("scheduler")]


def supervise(settings: Settings) -> int:
    """Run the whole system on one machine; return the exit code.

    Raises Busy for a second one or a port that is taken; NotReady, BadInput or Damaged when the
    master key does not open the keys: better said once than by each child at every try.
    """
    from shopwright.app.bootstrap import open_keys  # noqa: PLC0415
    from shopwright.app.metrics import process_ended  # noqa: PLC0415
    from shopwright.app.web.exposure import check_listening  # noqa: PLC0415

    with hold(settings.run_folder / "up.lock", "this data folder"), Stop() as stop:
        open_keys(settings).close()
        check_listening(settings)
        metrics = empty_folder(settings.run_folder / "metrics")
        with listen(settings.host, settings.port) as listener:
            supervisor = Supervisor(
                [Child(role) for role in roles(settings)],
                child_environment(settings, {"PROMETHEUS_MULTIPROC_DIR": str(metrics.absolute())}),
                clock=SystemClock(),
                command=lambda role, lifeline: command(role, lifeline, listener.fileno()),
                ended=lambda pid: process_ended(pid, metrics),
                listener=listener.fileno(),
            )
            scheme = "https" if settings.tls_certificate_file else "http"
            log.info("console: %s://%s:%d/console/", scheme, settings.host, settings.port)
            return supervisor.run(stop)


def check_port(settings: Settings) -> None:
    """Raise Busy when the port cannot be had: better at once than after eight tries."""
    listen(settings.host, settings.port).close()


def empty_folder(folder: Path) -> Path:
    """Make a folder anew: metrics of processes that ended long ago would be counted again."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
