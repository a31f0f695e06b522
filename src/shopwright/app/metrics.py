"""The one list of metrics: name, meaning, unit, labels; every process counts with these.

Several processes share one set of numbers when ``PROMETHEUS_MULTIPROC_DIR`` names a folder before
Python starts (the supervisor sets it); otherwise each process shows only its own. A label value is
always one of a known few: a label that an outsider can choose would fill the memory of Prometheus.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from shopwright.app.metric_files import count_in_filled_files

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OTHER = "other"

TO_FEATURE_SECONDS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0,
)  # fmt: skip
REQUEST_SECONDS = (
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
)  # fmt: skip


class Metric(Struct, frozen=True):
    """One metric as people and Prometheus see it."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    says: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    merged: Literal["mostrecent", "livesum", "max"] = "mostrecent"
    """How several processes make one gauge."""


METRICS = (
    Metric(
        "shopwright_webhooks_total",
        "counter",
        "Webhook requests answered, by topic and result.",
        ("topic", "result"),
    ),
    Metric(
        "shopwright_webhook_duplicates_total",
        "counter",
        "Webhooks answered 200 that were stored before.",
    ),
    Metric(
        "shopwright_webhook_seconds",
        "histogram",
        "From a webhook's headers to its answer, its bytes on disk in between.",
        buckets=REQUEST_SECONDS,
    ),
    Metric(
        "shopwright_webhooks_waiting",
        "gauge",
        "Webhooks that wait for the disk.",
        merged="livesum",
    ),
    Metric(
        "shopwright_commits_total",
        "counter",
        "Group commits of webhooks, by result: stored, or failed.",
        ("result",),
    ),
    Metric(
        "shopwright_event_to_feature_seconds",
        "histogram",
        "From an event's receipt to its features being readable online.",
        buckets=TO_FEATURE_SECONDS,
    ),
    Metric(
        "shopwright_prediction_seconds",
        "histogram",
        "From a predict request's headers to its answer.",
        buckets=REQUEST_SECONDS,
    ),
    Metric(
        "shopwright_predictions_total",
        "counter",
        "Predictions answered, by arm of the rollout.",
        ("arm",),
    ),
    Metric(
        "shopwright_predictions_unanswered_total",
        "counter",
        "Entities asked for that got no score, by reason.",
        ("reason",),
    ),
    Metric(
        "shopwright_predictions_unlogged_total",
        "counter",
        "Predictions that were answered but lost to the prediction log.",
    ),
    Metric(
        "shopwright_reconcile_missing_total",
        "counter",
        "Updates in connected stores that no webhook had told, found and fetched.",
    ),
    Metric(
        "shopwright_parity_checked_total",
        "counter",
        "Feature values that were compared between the online store and the history.",
    ),
    Metric(
        "shopwright_parity_mismatch_total",
        "counter",
        "Feature values that differed between the two; any is a reason to look at once.",
    ),
    Metric("shopwright_stores_connected", "gauge", "Stores connected through the Admin API."),
    Metric(
        "shopwright_stores_in_trouble",
        "gauge",
        "Connected stores that could not be asked when they last should have been.",
    ),
    Metric(
        "shopwright_api_version_days_left",
        "gauge",
        "Days until the oldest API version in use may end; alarm below 60.",
    ),
    Metric(
        "shopwright_requests_total",
        "counter",
        "Other requests answered, by route and status.",
        ("route", "status"),
    ),
    Metric(
        "shopwright_logins_total",
        "counter",
        "Attempts to sign in, by result: opened, refused, made_to_wait.",
        ("result",),
    ),
    Metric(
        "shopwright_console_listeners",
        "gauge",
        "Console pages that watch a customer live.",
        merged="livesum",
    ),
    Metric(
        "shopwright_dead_letters_total",
        "counter",
        "Events that could not become facts, by topic; they are kept.",
        ("topic",),
    ),
    Metric(
        "shopwright_ledger_records_total",
        "counter",
        "Log records taken into the ledger.",
    ),
    Metric(
        "shopwright_ledger_lag_seconds",
        "gauge",
        "Age of the oldest event that the ledger has not taken; 0 when it has taken all.",
    ),
    Metric(
        "shopwright_archive_lag_revisions",
        "gauge",
        "Ledger revisions that the Parquet history has not taken.",
    ),
    Metric(
        "shopwright_redaction_age_seconds",
        "gauge",
        "Age of the oldest erasure that is not finished; 0 when there is none.",
    ),
    Metric(
        "shopwright_backup_age_seconds",
        "gauge",
        "Age of the last backup that was read back; without one, the seconds since 1970.",
    ),
    Metric(
        "shopwright_erasures_total",
        "counter",
        "Erasures of people and stores that were finished with a receipt.",
    ),
    Metric(
        "shopwright_training_seconds",
        "histogram",
        "Time that one training run took.",
        ("task",),
        (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0),
    ),
)


class Metrics:
    """The metrics of this process, ready to count; made once a process.

    Counting costs a label look-up, so code on a hot path keeps ``counter(...)``'s answer.
    """

    def __init__(self) -> None:
        count_in_filled_files()
        self._registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for metric in METRICS:
            self._add(metric)

    def _add(self, metric: Metric) -> None:
        name, says, labels = metric.name, metric.says, metric.labels
        if metric.kind == "counter":
            self._counters[name] = Counter(name, says, labels, registry=self._registry)
        elif metric.kind == "gauge":
            self._gauges[name] = Gauge(
                name, says, labels, registry=self._registry, multiprocess_mode=metric.merged
            )
        else:
            self._histograms[name] = Histogram(
                name, says, labels, registry=self._registry, buckets=metric.buckets
            )

    def counter(self, name: str, *labels: str) -> Counter:
        """Return a counter of ``METRICS``, or its child with these label values."""
        found = self._counters[name]
        return found.labels(*labels) if labels else found

    def gauge(self, name: str, *labels: str) -> Gauge:
        """Return a gauge of ``METRICS``, or its child with these label values."""
        found = self._gauges[name]
        return found.labels(*labels) if labels else found

    def histogram(self, name: str, *labels: str) -> Histogram:
        """Return a histogram of ``METRICS``, or its child with these label values."""
        found = self._histograms[name]
        return found.labels(*labels) if labels else found

    def expose(self) -> bytes:
        """Return the text that Prometheus scrapes: of all processes where they share a folder."""
        if values.ValueClass is values.MutexValue:
            return generate_latest(self._registry)
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        return generate_latest(everyone)


def bounded(value: str, known: Iterable[str]) -> str:
    """Return the label value if it is a known one, else ``other``."""
    return value if value in known else OTHER


def process_ended(pid: int, folder: Path) -> None:
    """Forget the live gauges of a child that has ended; the supervisor calls this.

    ``folder`` is what it gave its children as ``PROMETHEUS_MULTIPROC_DIR``.
    """
    mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def reference() -> str:
    """Return the page about metrics in Markdown."""
    rows = [
        f"| `{metric.name}` | {metric.kind} | {', '.join(metric.labels) or '–'} | {metric.says} |"
        for metric in METRICS
    ]
    head = "| metric | kind | labels | meaning |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"
