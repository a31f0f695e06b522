"""The worker over real pipelines in memory: it takes what comes, copies it, and rests."""

import os
import signal

import pytest
from made_web import SHOP, Backroom, order_body

from shopwright.adapters.memory_offline import MemoryOfflineStore
from shopwright.app.metrics import Metrics
from shopwright.app.stopping import Stop
from shopwright.app.worker import BUSY_ARCHIVES_EACH, POLL_SECONDS_MAX, POLL_SECONDS_MIN, Worker
from shopwright.core.clock import SimulatedClock
from shopwright.core.types.event import Event
from shopwright.core.types.identity import StoreId
from shopwright.events.subject import subject_of
from shopwright.features.definitions import CUSTOMER
from shopwright.pipelines.archive import Archiver
from shopwright.pipelines.store_keys import StoreKeys

NOW_US = 1_790_000_000_000_000
STORE_ID = StoreId(SHOP)


class Shift:
    """A worker at a simulated hour, over a backroom in memory."""

    def __init__(self, batch_records_max: int = 100) -> None:
        self.clock = SimulatedClock(NOW_US)
        self.backroom = Backroom(clock=self.clock)  # type: ignore[arg-type]
        self.offline = MemoryOfflineStore()
        self.metrics = Metrics()
        self.orders = 0
        self.worker = Worker(
            self.backroom.materializer,
            Archiver(
                feed=self.backroom.ledger,
                history=self.backroom.ledger,
                stores=self.backroom.stores,
                offline=self.offline,
            ),
            clock=self.clock,
            metrics=self.metrics,
            batch_records_max=batch_records_max,
            archive_every_seconds=5,
        )

    def order(self, count: int, body: bytes | None = None) -> None:
        """Let webhooks of new orders reach the log."""
        pseudonymise = StoreKeys(self.backroom.keys).pseudonymiser(STORE_ID)
        for _ in range(count):
            self.orders += 1
            told = body or order_body(self.orders, 1, self.clock.now_us())
            event = Event(
                store_id=STORE_ID,
                topic="orders/create",
                delivery_id=f"w{self.orders}",
                event_id=None,
                triggered_us=None,
                received_us=self.clock.now_us(),
                api_version=None,
                subject=subject_of("orders/create", told, pseudonymise),
                body=told,
            )
            self.backroom.intake.accept([event])

    def shown(self, metric: str) -> float:
        lines = self.metrics.expose().decode().splitlines()
        (value,) = (line.split()[-1] for line in lines if line.startswith(f"{metric} "))
        return float(value)


def test_an_order_becomes_a_feature_in_one_turn_and_its_age_is_measured() -> None:
    shift = Shift()
    shift.order(1)
    shift.clock.sleep(0.5)
    assert shift.worker.turn() == 0.0
    assert len(shift.backroom.online.page(STORE_ID, CUSTOMER.name, None, 9)) == 1
    assert shift.shown("shopwright_event_to_feature_seconds_count") == 1
    assert shift.shown("shopwright_event_to_feature_seconds_sum") == 0.5
    assert shift.shown("shopwright_ledger_records_total") == 1


def test_an_idle_worker_rests_longer_and_longer_up_to_a_bound() -> None:
    shift = Shift()
    rests = [shift.worker.turn() for _ in range(6)]
    assert rests == [
        POLL_SECONDS_MIN,
        0.02,
        0.04,
        POLL_SECONDS_MAX,
        POLL_SECONDS_MAX,
        POLL_SECONDS_MAX,
    ]
    shift.order(1)
    assert shift.worker.turn() == 0.0
    assert shift.worker.turn() == POLL_SECONDS_MIN


def test_history_is_copied_every_five_seconds_while_it_changes() -> None:
    shift = Shift()
    shift.order(1)
    shift.worker.turn()
    shift.worker.turn()
    assert shift.offline.through() == 1
    shift.order(1)
    shift.worker.turn()
    shift.worker.turn()
    assert shift.offline.through() == 1
    assert shift.shown("shopwright_archive_lag_revisions") == 1
    shift.clock.sleep(5)
    shift.worker.turn()
    assert shift.offline.through() == shift.backroom.ledger.revision() == 2
    assert shift.shown("shopwright_archive_lag_revisions") == 0


def test_under_a_long_import_history_is_copied_less_often() -> None:
    shift = Shift(batch_records_max=1)
    shift.order(40)
    shift.worker.turn()
    copies = set()
    for _ in range(30):
        shift.clock.sleep(5)
        shift.worker.turn()
        copies.add(shift.offline.through())
    assert len(copies) <= 30 // BUSY_ARCHIVES_EACH + 1


def test_the_lag_is_shown_while_the_log_is_longer_than_a_batch() -> None:
    shift = Shift(batch_records_max=2)
    shift.order(5)
    shift.clock.sleep(30)
    shift.worker.turn()
    assert shift.shown("shopwright_ledger_lag_seconds") == 30
    for _ in range(3):
        shift.worker.turn()
    assert shift.shown("shopwright_ledger_lag_seconds") == 0


def test_a_clock_that_is_set_back_does_not_stop_the_copies() -> None:
    shift = Shift()
    shift.order(1)
    shift.worker.turn()
    shift.worker.turn()
    shift.clock.set(NOW_US - 3_600_000_000)
    shift.order(1)
    shift.worker.turn()
    shift.worker.turn()
    assert shift.offline.through() == 2
    assert shift.shown("shopwright_event_to_feature_seconds_count") == 2


def test_what_cannot_be_read_is_said_and_does_not_hold_up_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shift = Shift()
    shift.order(1, b"{}")
    shift.order(1)
    shift.worker.turn()
    assert "1 events could not be read" in caplog.text
    assert len(shift.backroom.online.page(STORE_ID, CUSTOMER.name, None, 9)) == 1


def test_a_signal_stops_it_between_two_steps() -> None:
    shift = Shift(batch_records_max=1)
    shift.order(3)
    with Stop() as stop:
        before = shift.worker.turn

        def turn() -> float:
            os.kill(os.getpid(), signal.SIGTERM)
            return before()

        shift.worker.turn = turn  # type: ignore[method-assign]
        shift.worker.run(stop)
    assert sum(shift.backroom.ledger.through().values()) == 1
