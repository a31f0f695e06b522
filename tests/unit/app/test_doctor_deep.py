"""``doctor --deep`` finds a turned bit wherever it lies, and nothing where there is none."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from lived_home import LivedHome, flip_a_bit
from made_web import twelve_feature_model

from shopwright.app import bootstrap
from shopwright.app.doctor import deep
from shopwright.app.doctor.examination import examine
from shopwright.app.doctor.finding import Finding
from shopwright.core.types.log import Position
from shopwright.features.definitions import CUSTOMER
from shopwright.training.trained import manifest_of


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> LivedHome:
    home = LivedHome(tmp_path_factory.mktemp("lived") / "home", seed=4)
    home.receive(home.arrivals[:120])
    home.work()
    trained = twelve_feature_model()
    manifest = manifest_of(
        trained, home.store, view=CUSTOMER.label, log_through={}, code_version="0.1.0"
    )
    bootstrap.open_registry(home.settings).publish(manifest, dict(trained.files))
    return home


@pytest.fixture
def home(tmp_path: Path, lived: LivedHome) -> LivedHome:
    return lived.copied_to(tmp_path)


def found(home: LivedHome) -> dict[str, list[Finding]]:
    settings = home.settings
    looks = (deep.pages, deep.bodies, deep.models, deep.history)
    findings = [one for look in looks for one in look(settings)]
    return {
        what: [one for one in findings if one.what == what] for what in {f.what for f in findings}
    }


def failures(home: LivedHome) -> dict[str, str]:
    return {
        what: one.says
        for what, findings in found(home).items()
        for one in findings
        if one.level == "fail"
    }


def test_what_is_whole_is_found_whole(home: LivedHome) -> None:
    assert failures(home) == {}
    told = {what: findings[-1].says for what, findings in found(home).items()}
    assert set(told) == {deep.FILES, deep.BODIES, deep.MODELS, deep.HISTORY}
    stored = len(bootstrap.open_log(home.settings).read(Position({}), 10_000))
    assert told[deep.BODIES] == f"{stored} were opened"
    assert told[deep.MODELS].startswith("1 models")
    assert not told[deep.HISTORY].startswith("0 ")
    named = {finding.what for finding in examine(home.settings, None, in_depth=True)}
    assert set(told) <= named
    assert not set(told) & {finding.what for finding in examine(home.settings, None)}


def test_erased_people_are_no_damage(home: LivedHome) -> None:
    feed = bootstrap.open_feed(home.settings)
    who = feed.records("customer", 0, 100)[0].entity
    keys = bootstrap.open_keys(home.settings)
    assert keys.forget(home.store.store_id, who)
    keys.close()
    (body,) = found(home)[deep.BODIES]
    assert body.level == "ok"
    assert "more are of erased people" in body.says


def a_page(home: LivedHome) -> None:
    path = home.settings.home / "ledger" / "00.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(8 * 4096))


def a_body(home: LivedHome) -> None:
    path = next((home.settings.home / "log" / "web-0").glob("*.sqlite"))
    with closing(sqlite3.connect(path)) as connection:
        (row, sealed) = connection.execute("SELECT row, sealed FROM events LIMIT 1").fetchone()
        turned = sealed[:-1] + bytes([sealed[-1] ^ 1])
        connection.execute("UPDATE events SET sealed = ? WHERE row = ?", (turned, row))
        connection.commit()


def a_model(home: LivedHome) -> None:
    flip_a_bit(next((home.settings.home / "models").rglob("model.json")))


def a_month(home: LivedHome) -> None:
    flip_a_bit(next((home.settings.home / "offline").rglob("*.parquet")))


def a_lost_month(home: LivedHome) -> None:
    next((home.settings.home / "offline").rglob("*.parquet")).unlink()


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (a_page, deep.FILES),
        (a_body, deep.BODIES),
        (a_model, deep.MODELS),
        (a_month, deep.HISTORY),
        (a_lost_month, deep.HISTORY),
    ],
)
def test_damage_is_found_where_it_lies(
    home: LivedHome, damage: Callable[[LivedHome], None], what: str
) -> None:
    damage(home)
    assert list(failures(home)) == [what]
