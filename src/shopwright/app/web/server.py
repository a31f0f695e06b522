"""Runs the web process: one event loop on one port, stopped in good order by SIGTERM.

In good order: for a moment it still answers, says at ``/readyz`` that it is leaving, and closes
each connection with its answer; then it takes no new connection; then requests that were begun are
answered, everything taken is on disk, exit 0. Whoever asks ``/readyz`` or heeds ``Connection:
close`` meets no error.
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
from shopwright.app.listening import BACKLOG, inherited, listen
from shopwright.app.metrics import Metrics
from shopwright.app.settings import Settings
from shopwright.app.web.asgi import WebApp
from shopwright.app.web.certificate import keep_certificate_fresh
from shopwright.app.web.exposure import certificate_names, check_listening
from shopwright.app.web.parts import open_parts
from shopwright.app.web.protocol import LimitedProtocol
from shopwright.core.clock import SystemClock

LEAVING_SECONDS = 0.4
"""How long others have to learn from ``/readyz`` or an answer that this process is leaving."""
LAST_REQUESTS_SECONDS = 0.3
"""How long a connection that was taken at the last moment has to send its request."""
STOP_SECONDS_MAX = 2
"""For answers that are begun. With the two before, under the supervisor's four seconds."""
CLOSE = (b"connection", b"close")
KEEP_ALIVE_SECONDS = 75
CONNECTIONS_MAX = 1_024
LINES_SECONDS = 0.2
"""A log line waits for others at most so long."""

log = logging.getLogger("shopwright.web")


def serve(
    settings: Settings,
    worker_index: int = 0,
    ready: Callable[[int], None] | None = None,
    listener: int | None = None,
) -> None:
    """Open what this installation's settings name, and serve until the process is stopped.

    ``listener`` is the file descriptor of a listening socket that this process inherited.
    """
    check_listening(settings)
    parts = open_parts(settings, worker_index)
    app = WebApp(
        parts,
        settings=settings,
        clock=SystemClock(),
        metrics=Metrics(),
        certificate_names=certificate_names(settings),
    )
    run(app, settings, worker_index, ready, listener)


def run(
    app: WebApp,
    settings: Settings,
    worker_index: int,
    ready: Callable[[int], None] | None = None,
    listener: int | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is told the port once connections are answered.

    Raises BadInput for an address that would be open to outsiders, Busy for a port that is taken.
    """
    check_listening(settings)
    lines = log_lines.set_up_gathered(f"web {worker_index}", settings.log_level)
    door = (
        listen(settings.host, settings.port, share=settings.web_workers > 1)
        if listener is None
        else inherited(listener)
    )
    with door, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(app, settings, door, ready, lines))
    lines.flush()


async def _serve(
    app: WebApp,
    settings: Settings,
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
        ssl_certfile=settings.tls_certificate_file or None,
        ssl_keyfile=settings.tls_key_file or None,
    )
    config.load()
    renewing = asyncio.create_task(keep_certificate_fresh(config.ssl, settings))
    writing = asyncio.create_task(_write_lines(lines))
    await _Server(config, app, ready).serve(sockets=[listener])
    writing.cancel()
    renewing.cancel()


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
        self._leaving: asyncio.Task[None] | None = None

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

    async def on_tick(self, counter: int) -> bool:
        """Keep saying that connections close; uvicorn makes its headers anew each second."""
        ending = await super().on_tick(counter)
        if self._leaving is not None and CLOSE not in self.server_state.default_headers:
            self.server_state.default_headers.append(CLOSE)
        return ending

    def _stop(self) -> None:
        if self._leaving is not None:
            self.should_exit = self.force_exit = True
            return
        self._app.leave()
        self._leaving = asyncio.get_running_loop().create_task(self._leave())

    async def _leave(self) -> None:
        # In place: answers to requests that were begun before use this very list.
        self.server_state.default_headers.append(CLOSE)
        await asyncio.sleep(LEAVING_SECONDS)
        for server in self.servers:
            server.close()
        await asyncio.sleep(LAST_REQUESTS_SECONDS)
        self.should_exit = True


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 - it does not exist on Windows
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
