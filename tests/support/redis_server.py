"""A real Redis server on a unix socket in a folder of its own."""

import subprocess
import time
from pathlib import Path

import redis


class RedisServer:
    """Starts, stops and freezes one server; nothing of it listens on a network."""

    def __init__(self, program: str, folder: Path, *options: str) -> None:
        self._command = [program, "--port", "0", "--unixsocket", "r.sock", "--dir", ".", *options]
        self.folder = folder
        self.url = f"unix://{folder / 'r.sock'}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            self._command, cwd=self.folder, stdout=subprocess.DEVNULL, start_new_session=True
        )
        with redis.Redis.from_url(self.url) as client:
            for _ in range(600):
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    time.sleep(0.05)
        raise AssertionError("redis-server did not come up in 30 seconds")

    def kill(self) -> None:
        """Kill it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def client(self) -> "redis.Redis":
        """Return a client of it."""
        return redis.Redis.from_url(self.url)


IN_MEMORY = ("--save", "", "--appendonly", "no")
