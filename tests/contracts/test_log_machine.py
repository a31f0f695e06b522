"""Any sequence of appends, copies, restarts, reads and erasures: SQLite and memory agree."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from log_cases import ANNA, BEN, NOON_US, NOWHERE, STORE, event, everything

from shopwright.adapters.log_sqlite import SqliteLog
from shopwright.adapters.memory_log import MemoryLog
from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.log import LogRecord, Position

PARTITIONS = ("web-0", "web-1")
EVENTS = st.builds(
    event,
    st.integers(0, 20),
    content=st.sampled_from([None, "x", "y"]),
    subject=st.sampled_from([ANNA, BEN, None]),
    # The memory log remembers for ever, the other one four segments: so not more days than that.
    received_us=st.integers(0, 3).map(lambda day: NOON_US + day * US_PER_DAY),
)


class LogMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="shopwright-log-"))
        shared = MemoryLog()
        self.memory = {name: MemoryLog(name, beside=shared) for name in PARTITIONS}
        self.memory_reader = shared
        self.disk = {name: SqliteLog(self.folder, name) for name in PARTITIONS}
        self.reader = SqliteLog(self.folder)
        self.position: Position = NOWHERE
        self.consumed: list[LogRecord] = []

    @rule(partition=st.sampled_from(PARTITIONS), batch=st.lists(EVENTS, max_size=5))
    def append(self, partition: str, batch: list) -> None:  # type: ignore[type-arg]
        assert self.disk[partition].append(batch) == self.memory[partition].append(batch)

    @rule(partition=st.sampled_from(PARTITIONS))
    def restart_writer(self, partition: str) -> None:
        self.disk[partition].close()
        self.disk[partition] = SqliteLog(self.folder, partition)

    @rule()
    def restart_reader(self) -> None:
        self.reader.close()
        self.reader = SqliteLog(self.folder)

    @rule(limit=st.integers(1, 9))
    def consume(self, limit: int) -> None:
        found = self.reader.read(self.position, limit)
        assert len(found) <= limit
        assert bool(found) == (self._lags())
        self.consumed += found
        self.position = Position({**self.position, **{r.partition: r.offset for r in found}})

    def _lags(self) -> bool:
        return any(o > self.position.get(p, 0) for p, o in self.reader.end().items())

    @rule(subject=st.sampled_from([ANNA, BEN]))
    def forget(self, subject: object) -> None:
        removed = self.reader.forget(STORE, subject)  # type: ignore[arg-type]
        assert removed == self.memory_reader.forget(STORE, subject)  # type: ignore[arg-type]

    @invariant()
    def both_hold_the_same(self) -> None:
        stored = everything(self.reader, limit=50)
        expected = everything(self.memory_reader, limit=50)
        for partition in PARTITIONS:
            of_one = [r for r in stored if r.partition == partition]
            assert [r.event for r in of_one] == [
                r.event for r in expected if r.partition == partition
            ]
            offsets = [r.offset for r in of_one]
            assert offsets == sorted(set(offsets))
            assert self.reader.end().get(partition) == (offsets[-1] if offsets else None)

    @invariant()
    def nothing_is_consumed_twice(self) -> None:
        places = [(record.partition, record.offset) for record in self.consumed]
        assert len(places) == len(set(places))

    def teardown(self) -> None:
        for log in (*self.disk.values(), self.reader):
            log.close()
        shutil.rmtree(self.folder)


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
