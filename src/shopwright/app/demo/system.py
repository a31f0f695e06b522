"""The whole system as a child program, for as long as the demo lasts."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException

from shopwright.app.child import PROGRAM
from shopwright.app.demo.chapter import Chapter
from shopwright.app.settings import child_environment
from shopwright.core.errors import NotReady

READY_SECONDS_MAX = 60


@contextmanager
def system(chapter: Chapter) -> Iterator[None]:
    """Run `shopwright up` beside the demo, and stop it with the block."""
    settings = chapter.settings
    log = (settings.home / "up.log").open("wb")
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*PROGRAM, "up"],
        env=child_environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        process_group=0,
    )
    try:
        _wait_until_ready(chapter, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _wait_until_ready(chapter: Chapter, process: "subprocess.Popen[bytes]") -> None:
    settings = chapter.settings
    for _ in range(READY_SECONDS_MAX * 10):
        if process.poll() is not None:
            break
        connection = HTTPConnection(settings.host, settings.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        chapter.clock.sleep(0.1)
    raise NotReady(f"the system did not start; see {settings.home / 'up.log'}")
