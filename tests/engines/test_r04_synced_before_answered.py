"""R4: no 200 leaves the real gateway before its record, and its person's key, are synced.

The kernel is the witness: a trace of the process shows, for every answer, the write of the row to
the log's write-ahead log, the end of its transaction, a sync of that file that came back, and only
then the first byte of the answer.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from answers import CALLS, Answer, answers_in, synced_at, too_early
from counts import cases
from made_web_light import SHOP
from real_gateway import (
    ANSWERS_FIRST,
    customer_of,
    gateway,
    gateway_home,
    send_all,
    stopped,
    stored_ids,
    webhook_id,
)
from survival import quick_folder
from syscalls import Call, Tracer, read_trace

from shopwright.app import bootstrap
from shopwright.app.settings import Settings
from shopwright.core.types.identity import StoreId
from shopwright.pipelines.store_keys import StoreKeys

WEBHOOKS = cases(1_000, 10_000)
CONNECTIONS = 50
_ID = re.compile(rb"webhook-\d{8}")
NO_SYNC = """
from shopwright.adapters.sqlite_database import Database
opened = Database.__init__
def unsafe(database, path, connection, *more):
    opened(database, path, connection, *more)
    connection.execute("PRAGMA synchronous = OFF")
Database.__init__ = unsafe
"""


@pytest.fixture
def folder(strace: str) -> Iterator[Path]:
    with quick_folder() as made:
        yield made


def traced(settings: Settings, folder: Path, webhooks: int, before: str = "") -> list[Call]:
    """Send webhooks to a gateway that is traced; return its calls, all answered 200."""
    with gateway(settings, before) as process:
        tracer = Tracer(process.pid, folder / "trace", calls=CALLS, data=True)
        answered = send_all(settings.port, range(webhooks), CONNECTIONS)
        assert stopped(process) == 0
        tracer.end()
    assert set(answered.values()) == {200}
    return list(read_trace(folder / "trace"))


def records_too_early(calls: list[Call], answers: list[Answer]) -> list[bytes]:
    synced = synced_at(calls, lambda path: "/log/" in path and path.endswith("-wal"), _ID.findall)
    return too_early(answers, synced, lambda webhook: webhook)


def keys_too_early(settings: Settings, calls: list[Call], answers: list[Answer]) -> list[bytes]:
    keys = bootstrap.open_keys(settings)
    pseudonymise = StoreKeys(keys).pseudonymiser(StoreId(SHOP))
    people = {
        answer.webhook: pseudonymise("customer", str(customer_of(int(answer.webhook[8:]))))
        for answer in answers
    }
    keys.close()
    missing = set(people.values())

    def new_ones(page: bytes) -> set[bytes]:
        found = {person for person in missing if person in page}
        missing.difference_update(found)
        return found

    synced = synced_at(calls, lambda path: path.endswith("keys.db-wal"), new_ones)
    return too_early(answers, synced, people.__getitem__)


def test_r04_every_200_leaves_after_the_sync_of_its_record_and_key(folder: Path) -> None:
    settings = gateway_home(folder)
    calls = traced(settings, folder, WEBHOOKS)
    answers = answers_in(calls)
    assert sorted(answer.webhook.decode() for answer in answers) == stored_ids(settings)
    assert len(answers) == WEBHOOKS
    assert records_too_early(calls, answers) == []
    assert keys_too_early(settings, calls, answers) == []
    syncs = sum(call.name == "fdatasync" for call in calls)
    assert syncs < WEBHOOKS, "webhooks that wait together must share a sync"


@pytest.mark.parametrize("mutant", [ANSWERS_FIRST, NO_SYNC], ids=["answers-first", "no-sync"])
def test_r04_notices_an_answer_that_leaves_too_early(folder: Path, mutant: str) -> None:
    settings = gateway_home(folder)
    calls = traced(settings, folder, 100, mutant)
    answers = answers_in(calls)
    assert {answer.webhook.decode() for answer in answers} == {webhook_id(n) for n in range(100)}
    assert records_too_early(calls, answers)
    assert keys_too_early(settings, calls, answers)
