"""Hands served predictions to whoever logs them, without making anybody wait for it.

A prediction must be judged later, but answering comes first: what does not fit into the queue, or
cannot be written, is lost to the log and counted.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from shopwright.app.metrics import Metrics
from shopwright.core.types.prediction import Prediction

Record = Callable[[Sequence[Prediction]], None]

WAITING_MAX = 20_000
BATCH_MAX = 2_000

log = logging.getLogger("shopwright.web")


class PredictionLog:
    """A bounded queue of predictions and the thread that empties it."""

    def __init__(self, record: Record, metrics: Metrics, *, waiting_max: int = WAITING_MAX) -> None:
        self._record = record
        self._waiting_max = waiting_max
        self._queue: queue.SimpleQueue[Sequence[Prediction] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)
        self._lost = metrics.counter("shopwright_predictions_unlogged_total")

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Queue predictions; never waits, and counts what it has no room for."""
        with self._lock:
            fits = self._waiting + len(predictions) <= self._waiting_max
            if fits:
                self._waiting += len(predictions)
        if fits:
            self._queue.put(predictions)
        else:
            self._lost.inc(len(predictions))

    def stop(self) -> None:
        """Return when all that waits is written or lost."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        running = True
        while running:
            batch, running = self._collect()
            if not batch:
                continue
            try:
                self._record(batch)
            except Exception:
                log.exception("predictions could not be logged")
                self._lost.inc(len(batch))
            with self._lock:
                self._waiting -= len(batch)

    def _collect(self) -> tuple[list[Prediction], bool]:
        batch: list[Prediction] = []
        item = self._queue.get()
        while item is not None:
            batch.extend(item)
            if len(batch) >= BATCH_MAX:
                return batch, True
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False
