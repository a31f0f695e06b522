"""An erasure in one process counts in another at its next batch, for bodies about nobody too."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopwright.adapters.keys_sqlite import SqliteKeys
from shopwright.adapters.memory_log import MemoryLog
from shopwright.core.clock import SystemClock
from shopwright.core.errors import Erased
from shopwright.core.types.event import Event, Subject
from shopwright.core.types.identity import StoreId
from shopwright.core.types.log import Appended, LogRecord, Position
from shopwright.pipelines.ingest import Intake
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy.sealing import aad, unseal

MASTER = bytes(range(32))
STORE, OTHER = StoreId("a.myshopify.com"), StoreId("b.myshopify.com")
NEW = Appended(new=1, duplicates=0)
DROPPED = Appended(new=0, duplicates=1)


class Web:
    """The intake of a web process, and its log."""

    def __init__(self, path: Path) -> None:
        self.keys = SqliteKeys(path, MASTER)
        self.store_keys = StoreKeys(self.keys)
        self.log = MemoryLog("web-0")
        self.intake = Intake(self.log, self.keys, SystemClock(), os.urandom)
        self._sent = 0

    def event(self, store_id: StoreId = STORE, customer: str | None = None) -> Event:
        self._sent += 1
        subject = None
        if customer is not None:
            who = self.store_keys.pseudonymiser(store_id)("customer", customer)
            subject = Subject(kind="customer", pseudonym=who, original_id=customer)
        return Event(
            store_id=store_id,
            topic="products/update" if customer is None else "customers/update",
            delivery_id=f"delivery-{self._sent}",
            event_id=None,
            triggered_us=None,
            received_us=1_790_000_000_000_000 + self._sent,
            api_version=None,
            subject=subject,
            body=b"%d" % self._sent,
        )

    def records(self) -> list[LogRecord]:
        return list(self.log.read(Position({}), 99))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.db"


@pytest.fixture
def web(path: Path) -> Iterator[Web]:
    web = Web(path)
    yield web
    web.keys.close()


def elsewhere(path: Path, does: str) -> None:
    """Do something with the keys in another process."""
    script = (
        "import sys; from pathlib import Path; "
        "from shopwright.adapters.keys_sqlite import SqliteKeys; "
        f"keys = SqliteKeys(Path(sys.argv[1]), bytes(range(32))); {does}; keys.close()"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)


def test_a_store_erased_elsewhere_gets_nothing_sealed_any_more(web: Web, path: Path) -> None:
    events = [web.event(), web.event(customer="1"), web.event()]
    assert web.intake.accept(events[:1]) == NEW
    before = web.store_keys.body_key(STORE)
    elsewhere(path, f"keys.forget({STORE!r}, None)")
    assert web.intake.accept([events[1]]) == DROPPED
    assert web.intake.accept([events[2]]) == DROPPED
    assert web.intake.accept([web.event(OTHER)]) == NEW
    with pytest.raises(Erased):
        web.store_keys.body_key(STORE)
    assert before not in [kept for pair in web.store_keys._derived.values() for kept in pair]


def test_bodies_about_nobody_alone_notice_it_too(web: Web, path: Path) -> None:
    for _ in range(3):
        assert web.intake.accept([web.event()]) == NEW
    elsewhere(path, f"keys.forget({STORE!r}, None)")
    assert web.intake.accept([web.event()]) == DROPPED


def test_one_erased_store_does_not_stop_the_others_of_the_batch(web: Web, path: Path) -> None:
    batch = [web.event(), web.event(OTHER), web.event(customer="1"), web.event(OTHER, "1")]
    elsewhere(path, f"keys.forget({STORE!r}, None)")
    assert web.intake.accept(batch) == Appended(new=2, duplicates=2)
    assert {record.event.store_id for record in web.records()} == {OTHER}


def test_a_store_that_came_back_is_sealed_and_named_under_its_new_key(web: Web, path: Path) -> None:
    """An event waits between two steps while its store is erased and comes back."""
    waiting = [web.event(), web.event(customer="1")]
    old_name = waiting[1].subject
    web.intake.accept([web.event(customer="1")])
    old_body_key = web.store_keys.body_key(STORE)
    elsewhere(path, f"keys.forget({STORE!r}, None); keys.renew_store({STORE!r})")
    assert web.intake.accept(waiting) == Appended(new=2, duplicates=0)
    about_nobody, about_anna = (record.event for record in web.records()[-2:])
    assert old_name is not None
    assert about_anna.subject != old_name.pseudonym
    assert about_anna.subject == web.store_keys.pseudonymiser(STORE)("customer", "1")
    new_body_key = web.store_keys.body_key(STORE)
    assert new_body_key != old_body_key
    place = aad(STORE, about_nobody.topic, about_nobody.delivery_key)
    assert unseal(new_body_key, about_nobody.sealed, place) == waiting[0].body


def test_a_person_erased_elsewhere_is_dropped_at_the_next_batch(web: Web, path: Path) -> None:
    web.intake.accept([web.event(customer="1"), web.event(customer="2")])
    anna = web.store_keys.pseudonymiser(STORE)("customer", "1")
    elsewhere(path, f"keys.forget({STORE!r}, {anna!r})")
    assert web.intake.accept([web.event(customer="1")]) == DROPPED
    assert web.intake.accept([web.event(customer="2")]) == NEW


def test_noticing_costs_microseconds(web: Web) -> None:
    web.intake.accept([web.event()])
    reads: list[str] = []
    rows, web.keys._file.rows = web.keys._file.rows, lambda *asked: reads.append(asked[0]) or []  # type: ignore[func-returns-value, method-assign, misc]
    web.store_keys.notice([STORE] * 100)
    web.keys._file.rows = rows  # type: ignore[method-assign]
    assert reads == []
