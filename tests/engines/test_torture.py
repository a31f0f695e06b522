"""``shopwright torture`` passes on what is sound, and sees each loss, double and leak."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from tortured import judged, lived, order, told

from shopwright.app.torture.report import Report, verdict
from shopwright.app.torture.run import Lived


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Return an installation after twelve seconds of everything but slow commands."""
    actions = ("kill web", "kill worker", "kill supervisor", "stop and start", "redact")
    return lived(order(12, 1.0, actions), tmp_path_factory.mktemp("torture"))


@pytest.fixture
def copy(life: Lived, tmp_path: Path) -> Lived:
    """Return the same life with a copy of its data folder, to be spoiled."""
    settings = replace(
        life.settings,
        home=tmp_path / "home",
        erasure_journal=tmp_path / "home.erasures",
    )
    shutil.copytree(life.settings.home, settings.home)
    if life.settings.erasure_journal.exists():
        shutil.copy(life.settings.erasure_journal, settings.erasure_journal)
    return replace(life, settings=settings)


def test_what_is_sound_passes(life: Lived) -> None:
    report = judged(life)
    assert report.passed, told(report)
    assert report.sent.acknowledged > 300, told(report)
    assert report.findings.parity.values > 500, told(report)
    assert report.searched_for > 1_000


def test_a_copy_is_judged_as_the_original(copy: Lived) -> None:
    report = judged(copy)
    assert report.passed, told(report)


SOME_VERSIONS = (
    "(store_id, order_key, version) IN (SELECT store_id, order_key, version FROM order_versions "
    "WHERE valid = 1 AND customer IS NOT NULL LIMIT 5)"
)


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement
        connection.commit()


def lose_events(home: Path) -> None:
    segment = max((home / "log").glob("web-*/*.sqlite"), key=lambda path: path.stat().st_size)
    change(segment, "DELETE FROM events WHERE row IN (SELECT row FROM events LIMIT 400)")


def count_an_order_twice(home: Path) -> None:
    change(
        home / "ledger" / "00.sqlite",
        f"UPDATE order_versions SET gross_minor = gross_minor + 1 WHERE {SOME_VERSIONS}",
    )


def lose_a_customers_orders(home: Path) -> None:
    change(
        home / "ledger" / "00.sqlite",
        f"DELETE FROM order_versions WHERE {SOME_VERSIONS}",
    )


def lose_a_dead_letter(home: Path) -> None:
    change(home / "ledger" / "00.sqlite", "DELETE FROM dead_letters")


@pytest.mark.parametrize(
    ("spoil", "seen_as"),
    [
        (lose_events, "lost"),
        (count_an_order_twice, "doubled"),
        (lose_a_customers_orders, "doubled"),
        (lose_a_dead_letter, "poison that is no dead letter"),
    ],
)
def test_what_is_planted_is_seen(copy: Lived, spoil: Callable[[Path], None], seen_as: str) -> None:
    spoil(copy.settings.home)
    assert number(judged(copy), seen_as) > 0


def number(report: Report, what: str) -> int:
    assert not report.passed
    return dict(verdict(report))[what]


def test_a_leak_is_seen_in_a_file_and_in_what_was_printed(copy: Lived, tmp_path: Path) -> None:
    shop = next(iter(copy.traffic.shops.values()))
    text = max(shop.personal_texts(), key=len)
    (copy.settings.home / "run").mkdir(exist_ok=True)
    (copy.settings.home / "run" / "trace.txt").write_text(f"error about {text}\n")
    report = judged(copy)
    assert number(report, "leaked") == 1
    assert report.leaks[0].place.endswith("trace.txt")
    assert text not in told(report)


def test_who_was_erased_and_is_still_there_is_seen(copy: Lived) -> None:
    """The audit is told of an erasure that nobody did."""
    from numpy.random import default_rng

    from shopwright.app.torture.victims import choose

    victims = choose(copy.traffic.parcels, 40, default_rng(9))
    new = [victim for victim in victims if victim not in copy.done.redacted]
    done = replace(copy.done, redacted=[*copy.done.redacted, new[0]])
    report = judged(replace(copy, done=done))
    assert number(report, "doubled") > 0
    assert any(leak.kind == "pseudonym of an erased person" for leak in report.leaks)
