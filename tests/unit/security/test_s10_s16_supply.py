"""S10, S16: what is installed is what was locked, and MLflow is one that is known to be mended."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
ADDRESS = re.compile(r"https?://|--index-url|--extra-index-url|--find-links|@ file:|git\+")


def pins(text: str) -> dict[str, str]:
    """Return name to everything that belongs to its line: version, markers and hashes."""
    joined = text.replace("\\\n", " ")
    found = {}
    for line in joined.splitlines():
        named = re.match(r"([A-Za-z0-9._-]+)(\[[^\]]*\])?==", line)
        if named:
            found[named[1].lower()] = line
        elif line.strip() and not line.startswith("#"):
            found[line] = line
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_s16_every_package_is_pinned_with_hashes_and_without_an_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    locked = pins(text)
    assert locked
    for name, line in locked.items():
        assert re.search(r"==\S+", line), name
        assert line.count("--hash=sha256:") >= 1, name
    assert not ADDRESS.search(text)


def test_s16_a_line_without_a_hash_is_seen() -> None:
    (line,) = pins("click==8.1.7\n").values()
    assert "--hash" not in line


def test_s16_every_dependency_has_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    loose = [one for one in project["dependencies"] if "<" not in one and "tzdata" not in one]
    assert loose == []


def test_s16_setup_installs_only_what_was_hashed() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install .*", makefile)
    assert len(installs) >= 3
    for line in installs:
        assert "--require-hashes" in line or "--no-deps" in line or line.endswith(" uv"), line


def test_s10_mlflow_is_newer_than_its_known_holes() -> None:
    """CVE-2025-11201, CVE-2026-2614, CVE-2026-2651 and CVE-2026-4137 end with 3.11.0."""
    major, minor = map(int, version("mlflow-skinny").split(".")[:2])
    assert (major, minor) >= (3, 11)


def test_s10_no_mlflow_server_is_started() -> None:
    source = ROOT / "src" / "shopwright"
    started = re.compile(r"mlflow\s+server|mlflow\.server|gunicorn|mlflow\", \"server")
    assert not [p for p in source.rglob("*.py") if started.search(p.read_text(encoding="utf-8"))]
