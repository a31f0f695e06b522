"""Redis that is away, empty, full or asked to forget: nothing is lost and nobody is remembered."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from absent import absent
from lived_home import LivedHome
from redis_server import IN_MEMORY, RedisServer

from shopwright.adapters import online_redis
from shopwright.adapters.online_redis import RedisOnlineStore
from shopwright.app.bootstrap import open_online
from shopwright.app.copy_care import CopyCare
from shopwright.app.owner import own
from shopwright.app.setting import Secret
from shopwright.core.clock import US_PER_SECOND, SimulatedClock
from shopwright.core.errors import BadInput, NotReady
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.features.definitions import VIEWS

STORE = StoreId("harbour-gifts.myshopify.com")
WHO = Pseudonym(bytes(range(200, 216)))


def _record(revision: int, state: bytes = b"\2state", who: Pseudonym = WHO) -> PackedRecord:
    return PackedRecord(
        store_id=STORE,
        view="customer",
        entity=who,
        revision=revision,
        received_us=revision,
        state=state,
    )


def _server(tmp_path: Path, *options: str) -> RedisServer:
    program = shutil.which("redis-server")
    if program is None:
        absent("redis-server", "is not installed: run `make engines`")
    server = RedisServer(program, tmp_path, *options)
    server.start()
    return server


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = _server(tmp_path_factory.mktemp("own"), *IN_MEMORY)
    yield server
    server.kill()


def test_a_server_that_lost_everything_is_filled_from_the_ledger(
    own_server: RedisServer, tmp_path: Path
) -> None:
    lived = LivedHome(tmp_path / "home", redis_url=Secret(own_server.url))
    half = len(lived.arrivals) // 2
    lived.receive(lived.arrivals[:half])
    lived.work()
    assert not (lived.settings.home / "online.lmdb").exists()
    own_server.kill()
    own_server.start()
    lived.receive(lived.arrivals[half:], "web-1")
    with pytest.raises(NotReady, match=r"nowhere\.sock"):
        RedisOnlineStore(f"unix://{tmp_path}/nowhere.sock", "x").through()
    assert open_online(lived.settings).through() == 0
    lived.work()
    with own(lived.settings) as owner:
        for view in VIEWS:
            wanted = {(r.entity, r.state) for r in owner.feed.records(view.name, 0, 10_000)}
            page = owner.online.page(lived.store.store_id, view.name, None, 10_000)
            assert {(r.entity, r.state) for r in page} == wanted
            assert len(wanted) > 5
        assert owner.online.through() == owner.feed.revision()


def test_an_idle_worker_fills_a_server_that_came_back_empty(
    own_server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lived = LivedHome(tmp_path / "home", redis_url=Secret(own_server.url))
    lived.receive(lived.arrivals)
    lived.work()
    with own(lived.settings) as owner:
        clock = SimulatedClock(1_795_000_000 * US_PER_SECOND)
        care = CopyCare(owner.materializer, owner.feed, owner.online, clock)
        own_server.kill()
        for _ in range(3):
            assert care.step() is False
            clock.sleep(5)
        assert caplog.text.count("does not serve the online store") == 1
        own_server.start()
        assert owner.online.through() == 0
        care.step()
        assert owner.online.through() == owner.feed.revision()
        assert owner.online.page(lived.store.store_id, "customer", None, 1)
        assert caplog.text.count("were copied again") == 1
        clock.sleep(5)
        care.step()
        assert caplog.text.count("were copied again") == 1


def test_a_frozen_server_is_an_error_in_bounded_time(
    own_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online_redis, "SECONDS_MAX", 0.3)
    store = RedisOnlineStore(own_server.url, "frozen")
    store.put([_record(1)], through=1)
    assert own_server._process is not None
    own_server._process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(NotReady, match="Timeout"):
        store.read(STORE, "customer", [WHO])
    assert time.monotonic() - began < 30
    own_server._process.send_signal(signal.SIGCONT)
    assert store.read(STORE, "customer", [WHO])[WHO].revision == 1


def test_a_full_server_refuses_and_keeps_what_it_has(own_server: RedisServer) -> None:
    store = RedisOnlineStore(own_server.url, "full")
    store.put([_record(1)], through=1)
    with own_server.client() as client:
        client.config_set("maxmemory", client.info("memory")["used_memory"])
    with pytest.raises(NotReady, match="free its memory"):
        store.put([_record(2, bytes(1 << 20))], through=2)
    assert store.through() == 1
    assert store.read(STORE, "customer", [WHO])[WHO].revision == 1


def test_of_many_writers_the_newest_revision_stays(redis_server: RedisServer) -> None:
    def write(first: int) -> None:
        store = RedisOnlineStore(redis_server.url, "many")
        for revision in range(first, 200, 4):
            store.put([_record(revision)], through=revision)
        store.close()

    writers = [threading.Thread(target=write, args=(first,)) for first in (4, 3, 2, 1)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    store = RedisOnlineStore(redis_server.url, "many")
    assert store.read(STORE, "customer", [WHO])[WHO].revision == store.through() == 199


def test_a_batch_of_many_pieces_is_whole_before_through_moves(redis_server: RedisServer) -> None:
    store = RedisOnlineStore(redis_server.url, "pieces")
    people = [Pseudonym(number.to_bytes(16, "big")) for number in range(1_234)]
    store.put([_record(7, who=who) for who in people], through=7)
    assert store.through() == 7
    assert len(store.read(STORE, "customer", people)) == 1_234


def test_installations_on_one_server_do_not_see_each_other(redis_server: RedisServer) -> None:
    one, two = (RedisOnlineStore(redis_server.url, prefix) for prefix in ("one", "two"))
    one.put([_record(5)], through=5)
    assert two.through() == 0
    assert two.page(STORE, "customer", None, 9) == []
    two.forget(STORE, None)
    assert len(one.page(STORE, "customer", None, 9)) == 1


def test_a_forgotten_person_is_in_no_file_of_the_server(tmp_path: Path) -> None:
    server = _server(tmp_path, "--appendonly", "yes", "--save", "3600 1")
    try:
        store = RedisOnlineStore(server.url, "files")
        other = Pseudonym(bytes(range(100, 116)))
        store.put([_record(1), _record(1, who=other)], through=1)
        with server.client() as client:
            client.save()
        assert _files_with(tmp_path, WHO)
        store.forget(STORE, WHO)
        for _ in range(600):
            if not _files_with(tmp_path, WHO):
                break
            time.sleep(0.05)
        assert _files_with(tmp_path, WHO) == []
        assert _files_with(tmp_path, other)
    finally:
        server.kill()


def _files_with(folder: Path, wanted: bytes) -> list[Path]:
    found = []
    for path in folder.rglob("*"):
        try:
            if path.is_file() and wanted in path.read_bytes():
                found.append(path)
        except FileNotFoundError:  # the server has just put another file in its place
            continue
    return found


def test_an_address_that_is_none_is_refused_without_being_shown() -> None:
    with pytest.raises(BadInput) as caught:
        RedisOnlineStore("http://user:secret@host", "x")
    assert "secret" not in str(caught.value)


def test_the_core_goes_without_the_client() -> None:
    modules = "shopwright.app.bootstrap, shopwright.app.web.asgi, shopwright.app.owner"
    code = f"import sys, {modules}; print('redis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
