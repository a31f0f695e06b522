"""Runs the web process: one event loop on a loopback port, stopped in good order by SIGTERM.

In good order: no new connections, requests that were begun are answered, everything taken is on
disk, exit 0.
"""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from uvicorn import Config, Server

from shopwright.app import log_lines
from shopwright.app.metrics import Metrics
from shopwright.app.settings import Settings
from shopwright.app.web.asgi import WebApp
from shopwright.app.web.guard import check_loopback
from shopwright.app.web.parts import open_parts
from shopwright.app.web.protocol import LimitedProtocol
from shopwright.core.clock import SystemClock
from shopwright.core.errors import Busy

STOP_SECONDS_MAX = 3
"""The supervisor waits four seconds before it kills."""
KEEP_ALIVE_SECONDS = 75
CONNECTIONS_MAX = 1_024
BACKLOG = 1_024
LINES_SECONDS = 0.2
"""A log line waits for others at most so long."""

log = logging.getLogger("shopwright.web")


def serve(
    settings: Settings, worker_index: int = 0, ready: Callable[[int], None] | None = None
) -> None:
    """Open what this installation's settings name, and serve until the process is stopped."""
    check_loopback(settings.host, "host")
    parts = open_parts(settings, worker_index)
    app = WebApp(parts, settings=settings, clock=SystemClock(), metrics=Metrics())
    run(app, settings, worker_index, ready)


def run(
    app: WebApp, settings: Settings, worker_index: int, ready: Callable[[int], None] | None = None
) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is told the port once connections are answered.

    Raises BadInput for an address that is not loopback, Busy for a port that is taken.
    """
    check_loopback(settings.host, "host")
    lines = log_lines.set_up_gathered(f"web {worker_index}", settings.log_level)
    listener = _listen(settings.host, settings.port, share=settings.web_workers > 1)
    with listener, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(app, listener, ready, lines))
    lines.flush()


async def _serve(
    app: WebApp,
    listener: socket.socket,
    ready: Callable[[int], None] | None,
    lines: log_lines.Gathered,
) -> None:
    config = Config(
        app,
        http=LimitedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS_MAX,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
    )
    writing = asyncio.create_task(_write_lines(lines))
    await _Server(config, app, ready).serve(sockets=[listener])
    writing.cancel()


async def _write_lines(lines: log_lines.Gathered) -> None:
    while True:
        await asyncio.sleep(LINES_SECONDS)
        lines.flush()


class _Server(Server):
    """uvicorn's server, told what to do at the start and at a signal."""

    def __init__(self, config: Config, app: WebApp, ready: Callable[[int], None] | None) -> None:
        super().__init__(config)
        self._app = app
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that connections are answered, once they are."""
        await super().startup(sockets)
        port = sockets[0].getsockname()[1] if sockets else self.config.port
        # What was made so far lives as long as the process: the collector need not look at it.
        gc.collect()
        gc.freeze()
        log.info({"message": "answering", "port": port})
        if self._ready is not None:
            self._ready(port)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal and end well; uvicorn would end by the very signal."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True
        self._app.end_streams()


def _listen(host: str, port: int, *, share: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if share:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Busy(
            f"{host}:{port} cannot be listened on ({error.strerror}); stop what uses the port, "
            "or choose another with --port"
        ) from error
    listener.setblocking(False)
    return listener


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 - it does not exist on Windows
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
