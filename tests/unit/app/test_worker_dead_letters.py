"""An event that cannot be read is counted under its topic, and unknown topics share one name."""

from prometheus_client.parser import text_string_to_metric_families

from shopwright.app.metrics import Metrics
from shopwright.app.worker import Worker
from shopwright.core.clock import SimulatedClock
from shopwright.pipelines.materialize import Step


class Once:
    """A materializer that takes one batch with three dead letters."""

    def __init__(self) -> None:
        self.left = 1

    def step(self, limit: int) -> Step:
        taken, self.left = self.left, 0
        topics = ("orders/create", "orders/create", "strange/topic") if taken else ()
        return Step(records=3 * taken, tellings=0, dead_topics=topics, entities=0, received_us=())


class Nothing:
    """An archiver with nothing to do."""

    def step(self) -> int:
        return 0


def test_dead_letters_are_counted_by_topic() -> None:
    metrics = Metrics()
    worker = Worker(
        Once(),
        Nothing(),
        clock=SimulatedClock(1_000_000),
        metrics=metrics,
        batch_records_max=100,
        archive_every_seconds=5,
    )
    worker.turn()
    worker.turn()
    told = {
        sample.labels["topic"]: sample.value
        for family in text_string_to_metric_families(metrics.expose().decode())
        for sample in family.samples
        if sample.name == "shopwright_dead_letters_total"
    }
    assert told == {"orders/create": 2.0, "other": 1.0}
