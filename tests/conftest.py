"""What every suite shares: seconds per suite, and engines that may not be missing in CI."""

import os
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from absent import absent
from hypothesis import HealthCheck, settings
from redis_server import IN_MEMORY, RedisServer

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
SOAK = int(os.environ.get("SOAK", "1"))
"""How many times the usual number of random cases; `make soak` sets it."""

# No deadlines: a test is never about seconds, and machines are noisy.
settings.register_profile(
    "shopwright",
    deadline=None,
    max_examples=100 * SOAK,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("shopwright")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real orders and Shopify schemas; it is not part of the repository."""
    if not (SHARED / "data").is_dir():
        pytest.skip("../shared is absent: the real orders and Shopify schemas are not here")
    return SHARED


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of Chromium."""
    return _engine("chromium")


@pytest.fixture(scope="session")
def strace() -> str:
    """Return the path of strace; a container that forbids ptrace counts as having none."""
    path = _engine("strace")
    tried = subprocess.run([path, "-f", "-o", os.devnull, "true"], capture_output=True, check=False)
    if tried.returncode:
        absent("strace", f"cannot work here: {tried.stderr.decode(errors='replace').strip()}")
    return path


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Return a server that everybody shares and that keeps nothing on disk."""
    server = RedisServer(_engine("redis-server"), tmp_path_factory.mktemp("redis"), *IN_MEMORY)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _engine(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        absent(program, "is not installed: run `make engines`")
    return path


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SECONDS] = Counter()


_SECONDS = pytest.StashKey[Counter[str]]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    suite = Path(str(item.path)).relative_to(Path(__file__).parent).parts[0]
    item.config.stash[_SECONDS][suite] += report.duration


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    spent = config.stash[_SECONDS]
    if spent:
        told = ", ".join(f"{suite} {seconds:.1f} s" for suite, seconds in sorted(spent.items()))
        terminalreporter.write_line(f"seconds per suite: {told}")
