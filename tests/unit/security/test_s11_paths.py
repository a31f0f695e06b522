"""S11: whatever names a store, model, file or page, nothing outside its folder is touched."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from made_web import Backroom, running

from shopwright.adapters.backup_manifest import (
    BackedUpFile,
    BackupManifest,
    read_manifest,
    write_manifest,
)
from shopwright.adapters.log_sqlite import SqliteLog
from shopwright.adapters.registry_files import FileRegistry
from shopwright.core.errors import BadInput, Damaged, ShopwrightError
from shopwright.core.types.identity import ModelVersion, StoreId, store_id_of

KEY = bytes(32)
UP = ("..", "../..", "../../etc/passwd", "..\\..\\x", "%2e%2e/", "..%2f", "....//", "/etc/passwd")
ODD = ("", ".", "\0", "a\0b", "~", "~root", "a/b", "a\\b", "CON", "x" * 300, "\u2025", "a\nb", "*")


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """Yield a file that nobody may touch, and look at it again at the end."""
    secret = tmp_path / "secret.txt"
    secret.write_text("outside")
    before = sorted(tmp_path.iterdir())
    yield secret
    assert secret.read_text() == "outside"
    assert [p for p in sorted(tmp_path.iterdir()) if p.name != "inside"] == before


@pytest.mark.parametrize("name", [*UP, *ODD])
def test_s11_no_name_is_a_way_out(name: str, tmp_path: Path, outside: Path) -> None:
    assert store_id_of(name) is None
    assert store_id_of(f"{name}.myshopify.com") is None or name == "CON"
    inside = tmp_path / "inside"
    registry = FileRegistry(inside / "models")
    for ask in (
        lambda: registry.fetch(ModelVersion(name)),
        lambda: registry.pointed(StoreId(name), "propensity", "champion"),
        lambda: registry.pointed(StoreId("a.myshopify.com"), name, "champion"),
        lambda: registry.pointed(StoreId("a.myshopify.com"), "propensity", name),
        lambda: registry.versions(StoreId(name), "propensity"),
    ):
        with suppress(ShopwrightError):
            assert ask() in (None, ())


@pytest.mark.parametrize("name", [one for one in (*UP, *ODD) if one not in ("CON", "\u2025", "*")])
def test_s11_no_partition_of_the_log_lies_elsewhere(
    name: str, tmp_path: Path, outside: Path
) -> None:
    with pytest.raises((BadInput, ValueError, OSError)):
        SqliteLog(tmp_path / "inside" / "log", name)


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "..", "", "a/../.."])
def test_s11_no_backup_writes_outside(path: str, tmp_path: Path, outside: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    file = BackedUpFile(path=path, kind="plain", sha256="0" * 64, size=1)
    manifest = BackupManifest(
        purpose="data", installation="i", code_version="1", began_us=1, finished_us=2, files=(file,)
    )
    write_manifest(inside, manifest, KEY)
    with pytest.raises(Damaged, match="outside"):
        read_manifest(inside, "data", KEY)


def test_s11_no_address_reaches_a_file() -> None:
    async def main() -> None:
        async with running(Backroom().app()) as client:
            for root in ("/console/", "/console/assets/", "/v1/stores/", "/"):
                for name in (*UP, *ODD):
                    path = f"{root}{name}".replace("\n", "%0a").replace("\0", "%00")
                    answer = await client.get(path.encode("utf-8", "replace").decode("latin-1"))
                    assert b"root:" not in answer.body
                    assert answer.status in (200, 302, 303, 307, 308, 400, 401, 403, 404, 405, 414)

    asyncio.run(main())
