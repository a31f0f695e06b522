"""The flow of data: does the worker run, how far behind is each copy, what could not be read."""

from collections.abc import Iterator

from shopwright.app.bootstrap import open_feed, open_ledger, open_log, open_offline, open_online
from shopwright.app.doctor.finding import Finding, ok, warn
from shopwright.app.lock import holder
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_SECOND, Clock

DEAD_LETTERS_MAX = 10_000
WAITING_MAX = 1_000


def processes(settings: Settings) -> Iterator[Finding]:
    """Look which processes run."""
    supervisor = holder(settings.run_folder / "up.lock")
    worker = holder(settings.home / "ledger" / "00.lock")
    if worker is None:
        yield warn("worker", "no worker runs: webhooks wait in the log", "shopwright up")
    else:
        under = f", under supervisor {supervisor}" if supervisor else ", by itself"
        yield ok("worker", f"runs as process {worker}{under}")


def lag(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Look how far the ledger is behind the log."""
    through = open_ledger(settings, read_only=True).through()
    waiting = open_log(settings).read(through, WAITING_MAX)
    if not waiting:
        yield ok("ledger", "has taken everything that the log holds")
        return
    oldest = min(record.event.received_us for record in waiting)
    age = max(0, clock.now_us() - oldest) // US_PER_SECOND
    many = f"{len(waiting):,}{' or more' if len(waiting) == WAITING_MAX else ''}"
    says = f"{many} events wait, the oldest for {age:,} s"
    if age > settings.lag_seconds_max:
        do = "see that the worker runs, and what it prints"
        yield warn("ledger", f"{says}; lag_seconds_max is {settings.lag_seconds_max:,}", do)
    else:
        yield ok("ledger", says)


def copies(settings: Settings) -> Iterator[Finding]:
    """Look whether online store and history have what the ledger has."""
    revision = open_feed(settings).revision()
    reached = {
        "online store": open_online(settings).through(),
        "history": open_offline(settings).through(),
    }
    for what, through in reached.items():
        if through == revision:
            yield ok(what, f"has the ledger's revision {revision:,}")
        else:
            do = "the worker brings it forward within seconds; start it if none runs"
            yield warn(what, f"has revision {through:,} of {revision:,}", do)


def dead_letters(settings: Settings) -> Iterator[Finding]:
    """Count the events that could not be read."""
    count = len(open_feed(settings).dead_letters(DEAD_LETTERS_MAX))
    if count:
        says = f"{count:,} events could not be read; they are kept"
        yield warn("dead letters", says, "shopwright dead-letters")
    else:
        yield ok("dead letters", "none")
