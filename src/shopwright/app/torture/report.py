"""What came of the torture: numbers, a table for people, and a verdict that can be bad."""

import importlib.resources
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from msgspec import Struct

from shopwright import __version__
from shopwright.app.torture.audit import Findings
from shopwright.app.torture.chaos import Done
from shopwright.app.torture.installation import Installation
from shopwright.app.torture.leaks import Leak
from shopwright.app.torture.sender import Sent
from shopwright.app.torture.traffic import Traffic


class Seconds(Struct, frozen=True, kw_only=True):
    """A distribution of durations."""

    count: int
    p50: float | None
    p99: float | None
    max: float | None


class Traced(Struct, frozen=True, kw_only=True):
    """What was sent, and how it was answered."""

    requests: int
    distinct: int
    poison: int
    acknowledged: int
    never_acknowledged: int
    refused_503: int
    unanswered: Mapping[str, int]
    """Requests without an answer or with another one than 200 and 503, by what happened."""
    retries: int
    latency: Seconds
    recovery: Seconds
    """From a blow to the gateway to the first 200 of a request that was begun after it."""


class Blows(Struct, frozen=True, kw_only=True):
    """What was done to the installation."""

    actions: Mapping[str, int]
    starts: int
    stopping: Seconds
    slow_stops: int
    redacted: int
    replays_equal: int
    replays_different: int
    commands_in_trouble: Mapping[str, int]


class Report(Struct, frozen=True, kw_only=True):
    """Everything that was counted."""

    seed: int
    revision: str
    minutes: float
    rate: float
    every_seconds: float
    sent: Traced
    done: Blows
    undrained: Sequence[str]
    """What had not come to rest in time."""
    findings: Findings
    leaks: Sequence[Leak]
    searched_for: int

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, doubled or leaked, and everything came to rest."""
        return not any(number for _, number in verdict(self))


def sent_of(traffic: Traffic, sent: Sent) -> Traced:
    """Count what was sent."""
    answers = dict(sent.answers)
    acknowledged = sum(parcel.acknowledged for parcel in traffic.parcels)
    return Traced(
        requests=sent.requests,
        distinct=len(traffic.parcels),
        poison=sum(parcel.kind == "poison" for parcel in traffic.parcels),
        acknowledged=acknowledged,
        never_acknowledged=len(traffic.parcels) - acknowledged,
        refused_503=answers.pop("503", 0),
        unanswered=answers,
        retries=sent.retries,
        latency=seconds(sent.seconds),
        recovery=seconds([*sent.first_ok.values()]),
    )


def done_of(installation: Installation, done: Done) -> Blows:
    """Count what was done."""
    return Blows(
        actions=done.actions,
        starts=installation.starts,
        stopping=seconds(done.stop_seconds),
        slow_stops=installation.slow_stops,
        redacted=len(done.redacted),
        replays_equal=done.replays_equal,
        replays_different=done.replays_different,
        commands_in_trouble=done.trouble,
    )


def verdict(report: Report) -> list[tuple[str, int]]:
    """Return each number that must be zero."""
    found = report.findings
    unexpected = {what: n for what, n in report.sent.unanswered.items() if what.isdigit()}
    return [
        ("lost", found.lost),
        ("doubled", found.doubled),
        ("leaked", len(report.leaks)),
        ("never acknowledged", report.sent.never_acknowledged),
        ("online unlike offline", found.parity.online_unlike_offline),
        ("poison that is no dead letter", found.poison_missing),
        ("dead letters that are no poison", found.dead_facts),
        ("replays that differ", report.done.replays_different),
        ("answers other than 200 and 503", sum(unexpected.values())),
        ("stops that took over ten seconds", report.done.slow_stops),
        ("left unfinished", len(report.undrained)),
    ]


def rows(report: Report) -> list[tuple[str, str]]:
    """Return the table: what, and how many."""
    sent, done, found = report.sent, report.done, report.findings
    kills = {name.removeprefix("kill "): n for name, n in done.actions.items() if "kill" in name}
    others = {name: n for name, n in done.actions.items() if "kill" not in name}
    latency = sent.latency
    return [
        ("requests sent", f"{sent.requests:,}"),
        ("distinct deliveries", f"{sent.distinct:,} ({sent.poison} of them poison)"),
        ("acknowledged", f"{sent.acknowledged:,}"),
        ("refused with 503", f"{sent.refused_503:,}"),
        ("without an answer", _counts(sent.unanswered)),
        ("sent again for that", f"{sent.retries:,}"),
        (
            "latency of a 200",
            f"p50 {_ms(latency.p50)}, p99 {_ms(latency.p99)}, max {_ms(latency.max)}",
        ),
        ("SIGKILL", _counts(kills)),
        ("done besides", _counts(others)),
        ("starts of `shopwright up`", str(done.starts)),
        ("blow to first 200", f"p50 {_s(sent.recovery.p50)}, max {_s(sent.recovery.max)}"),
        ("orderly stops", f"{done.stopping.count}, max {_s(done.stopping.max)}"),
        ("people erased", f"{done.redacted} ({found.erased} deliveries rightly gone)"),
        ("replays of the log", f"{done.replays_equal} equal"),
        ("commands to be run again", _counts(done.commands_in_trouble)),
        ("rows in the log", f"{found.log_rows:,}"),
        (
            "feature values compared",
            f"{found.parity.values:,} of {found.parity.customers:,} people",
        ),
        ("needles searched for", f"{report.searched_for:,}"),
        ("seed, code", f"{report.seed}, {report.revision}"),
    ]


def details(report: Report) -> list[str]:
    """Return a line for each thing that is not as it should be."""
    lines = [f"leaked: {leak.kind} in {leak.place}" for leak in report.leaks]
    lines += [f"differ: {n} {kind}" for kind, n in report.findings.counted.items() if n]
    return [*lines, *(f"not finished: {what}" for what in report.undrained)]


def seconds(values: Sequence[float]) -> Seconds:
    """Return the distribution of some durations."""
    ordered = sorted(values)

    def at(share: float) -> float | None:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None

    return Seconds(count=len(ordered), p50=at(0.5), p99=at(0.99), max=at(1.0))


def revision() -> str:
    """Return the version and a digest of the very code that ran."""
    digest = blake2b(digest_size=6)
    waiting = [importlib.resources.files("shopwright")]
    while waiting:
        folder = waiting.pop()
        for entry in sorted(folder.iterdir(), key=lambda one: one.name):
            if entry.is_dir() and entry.name != "__pycache__":
                waiting.append(entry)
            elif entry.name.endswith(".py"):
                digest.update(entry.name.encode() + entry.read_bytes())
    return f"{__version__}+{digest.hexdigest()}"


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in sorted(counted.items())) or "none"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value * 1e3:,.0f} ms"


def _s(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
