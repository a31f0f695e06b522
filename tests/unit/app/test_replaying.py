"""`shopwright replay` on real files: equal, different, damaged, gone, and adopted."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from lived_home import LivedHome, flip_a_bit

from shopwright.adapters.ledger_content import SqliteLedgerContent
from shopwright.adapters.online_lmdb import LmdbOnlineStore
from shopwright.app import bootstrap
from shopwright.app.checkpointing import checkpoint
from shopwright.app.cli.program import run
from shopwright.app.owner import own
from shopwright.app.rebuilding import ledger_path, rebuilding, rebuilt_path, sweep
from shopwright.app.replaying import Come, Replayed, Replaying
from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import Damaged, NotReady
from shopwright.core.money import minor_per_major
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.revision import generation
from shopwright.features.definitions import CUSTOMER
from shopwright.pipelines.digest import features_digest, history_digest, ledger_digest


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> LivedHome:
    """Return a data folder that every test copies."""
    home = LivedHome(tmp_path_factory.mktemp("lived") / "home")
    home.receive(home.arrivals[::2], "web-0")
    home.receive(home.arrivals[1::2], "web-1")
    home.work()
    return home


@pytest.fixture
def home(lived: LivedHome, tmp_path: Path) -> LivedHome:
    return lived.copied_to(tmp_path)


def replay(
    home: LivedHome, *, adopt: bool = False, watch: Callable[[Come], None] = lambda _: None
) -> Replayed:
    return Replaying(home.settings, watch).run(adopting=adopt)


def copies(home: LivedHome) -> tuple[str, str, str]:
    """Return the digests of ledger, features and history."""
    as_of_us = max(arrival.received_us for arrival in home.arrivals) + US_PER_DAY
    units = {home.store.store_id: minor_per_major(home.store.currency)}
    with closing(SqliteLedgerContent(ledger_path(home.settings))) as content:
        return (
            ledger_digest(content),
            features_digest(content, CUSTOMER, as_of_us, units),
            history_digest(bootstrap.open_offline(home.settings), [home.store.store_id]),
        )


def tampered(home: LivedHome, sql: str) -> int:
    with closing(sqlite3.connect(ledger_path(home.settings))) as connection:
        changed = connection.execute(sql).rowcount
        connection.commit()
    return changed


def test_a_ledger_is_what_its_log_says_and_nothing_is_left_behind(home: LivedHome) -> None:
    before = copies(home)
    found = replay(home)
    assert found.is_equal
    assert found.living == found.rebuilt == before[0]
    assert found.records > 100
    assert found.checkpoint is None
    assert (found.differs, found.trouble, found.erased, found.adopted) == ((), "", False, False)
    assert not rebuilt_path(home.settings).parent.exists()
    assert copies(home) == before


def test_what_differs_is_named_by_pseudonym(
    home: LivedHome, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(ledger_path(home.settings))) as connection:
        (key,) = connection.execute(
            "SELECT key FROM documents WHERE kind = 'order' ORDER BY key LIMIT 1"
        ).fetchone()
    assert tampered(home, f"DELETE FROM documents WHERE key = x'{key.hex()}'") == 1
    assert tampered(home, "UPDATE order_versions SET gross_minor = gross_minor + 1") > 10
    found = replay(home)
    assert not found.is_equal
    assert len(found.differs) == 10
    assert (found.differs[0].document.key, found.differs[0].says) == (
        key,
        "only in the rebuilt one",
    )
    assert {one.what for one in found.differs[1:]} == {"versions"}
    code = run([*asked(home), "replay", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert code == 1
    assert said["differs"][0]["key"] == key.hex()
    assert not said["equal"]


def asked(home: LivedHome) -> list[str]:
    """Return how a command is told of this data folder."""
    config = home.settings.home.with_name("shopwright.toml")
    config.write_text('home = "home"\n')
    return ["--config", str(config)]


def test_adopting_makes_ledger_and_copies_what_the_log_says(home: LivedHome) -> None:
    before = copies(home)
    ghost = Pseudonym(b"G" * 16)
    tampered(home, "UPDATE order_versions SET gross_minor = 7, revision = revision + 1")
    tampered(
        home,
        "INSERT INTO order_versions SELECT store_id, zeroblob(16), version, "
        f"x'{ghost.hex()}', known_us, known_until_us, 1000000, valid, gross_minor, "
        "refund_minor, lines, reconstructed, '1970-01', revision, sold, discount_minor "
        "FROM order_versions LIMIT 1",
    )
    tampered(
        home,
        "INSERT INTO records (store_id, view, entity, revision, received_us, state) SELECT "
        f"store_id, view, x'{ghost.hex()}', 999, received_us, state FROM records LIMIT 1",
    )
    tampered(home, "UPDATE meta SET value = 1000")
    tampered(home, "UPDATE changed_months SET revision = 1000")
    tampered(
        home,
        "INSERT INTO changed_months SELECT store_id, '1970-01', 1000 FROM changed_months LIMIT 1",
    )
    home.work()
    wrong = copies(home)
    assert [one == other for one, other in zip(before, wrong, strict=True)] == [False] * 3
    with own(home.settings) as owner:
        assert owner.online.read(home.store.store_id, CUSTOMER.name, [ghost])
    found = replay(home, adopt=True)
    assert found.adopted
    assert not found.is_equal
    assert copies(home) == before
    with own(home.settings) as owner:
        assert not owner.online.read(home.store.store_id, CUSTOMER.name, [ghost])
        assert generation(owner.feed.revision()) == 1
        assert owner.online.through() == owner.feed.revision()
    assert replay(home).is_equal


def test_life_goes_on_after_an_adoption(home: LivedHome, tmp_path: Path) -> None:
    other = LivedHome(tmp_path / "other" / "home")
    half = len(other.arrivals) // 2
    other.receive(other.arrivals[:half])
    other.work()
    assert replay(other, adopt=True).adopted
    other.receive(other.arrivals[half:])
    other.work()
    with closing(LmdbOnlineStore(other.settings.home / "online.lmdb", readonly=True)) as online:
        assert online.through() == bootstrap.open_feed(other.settings).revision()
    # The same shop, but other keys: its history has as many rows, whatever road it came by.
    assert rows_of_history(other) == rows_of_history(home)
    assert replay(other).is_equal


def rows_of_history(home: LivedHome) -> int:
    sql = "SELECT count(*) AS many FROM orders"
    return int(
        bootstrap.open_offline(home.settings).query(sql, [home.store.store_id], None)["many"][0]
    )


def break_head(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"x" * 512)


def break_inside(path: Path) -> None:
    with path.open("r+b") as file:
        for page in range(3, path.stat().st_size // 4096, 2):
            file.seek(4096 * page)
            file.write(b"x" * 100)


@pytest.mark.parametrize("trouble", [break_head, break_inside, Path.unlink])
def test_replay_is_the_way_back_from_a_damaged_or_deleted_ledger(
    home: LivedHome, trouble: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = copies(home)
    trouble(ledger_path(home.settings))
    if trouble is not Path.unlink:
        with pytest.raises(Damaged, match="shopwright replay --adopt"):
            copies(home)
    assert run([*asked(home), "replay"]) == 1
    assert "`shopwright replay --adopt` puts the rebuilt ledger in place" in capsys.readouterr().out
    assert run([*asked(home), "replay", "--adopt"]) == 0
    assert "adopted: the rebuilt ledger is in place" in capsys.readouterr().out
    assert copies(home) == before
    assert replay(home).is_equal


def test_a_deleted_ledger_that_the_worker_makes_anew_overtakes_its_copies(home: LivedHome) -> None:
    before = copies(home)
    for path in ledger_path(home.settings).parent.glob("00.sqlite*"):
        path.unlink()
    home.work()
    assert copies(home) == before
    with own(home.settings) as owner:
        assert owner.online.through() == owner.feed.revision() > 1 << 40


def test_an_erasure_meanwhile_is_said_and_never_adopted(home: LivedHome) -> None:
    who = Pseudonym(next(iter(entities(home))))

    def erase(come: Come) -> None:
        if come.step == "comparing":
            with closing(bootstrap.open_keys(home.settings)) as keys:
                assert keys.forget(home.store.store_id, who) in (True, False)

    found = replay(home, watch=erase)
    assert found.erased
    before = copies(home)
    other = Pseudonym(max(entities(home)))

    def erase_another(come: Come) -> None:
        if come.step == "comparing":
            with closing(bootstrap.open_keys(home.settings)) as keys:
                keys.forget(home.store.store_id, other)

    with pytest.raises(NotReady, match="somebody was erased"):
        replay(home, adopt=True, watch=erase_another)
    assert copies(home) == before
    assert not rebuilt_path(home.settings).exists()


def entities(home: LivedHome) -> list[bytes]:
    with closing(SqliteLedgerContent(ledger_path(home.settings))) as content:
        return [record.entity for record in content.packed_records(CUSTOMER.name)]


def test_what_a_dead_rebuild_left_is_swept_by_the_next_owner(home: LivedHome) -> None:
    with rebuilding(home.settings) as path:
        path.write_bytes(b"facts about people")
        assert not sweep(home.settings), "a rebuild that runs is left alone"
        shutil.copytree(path.parent, home.settings.home / "kept")
    (home.settings.home / "kept").rename(path.parent)
    home.work()
    assert not path.parent.exists()


def test_a_replay_begins_with_the_newest_checkpoint(home: LivedHome, tmp_path: Path) -> None:
    other = LivedHome(tmp_path / "other" / "home")
    half = len(other.arrivals) // 2
    other.receive(other.arrivals[:half])
    other.work()
    made = checkpoint(other.settings)
    other.receive(other.arrivals[half:])
    other.work()
    found = replay(other)
    assert found.is_equal
    assert found.checkpoint == made.revision
    assert 0 < found.records <= len(other.arrivals) - half
    copy = bootstrap.open_checkpoints(other.settings).path(made.revision)
    flip_a_bit(copy)
    again = replay(other)
    assert again.is_equal
    assert again.checkpoint is None
    assert again.records > found.records
