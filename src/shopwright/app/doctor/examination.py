"""Everything that the doctor looks at, in the order in which troubles cause one another."""

from collections.abc import Iterator
from functools import partial

from shopwright.app.bootstrap import open_keys, open_secrets, open_stores
from shopwright.app.doctor import backups, connection, deep, deliveries, files, flow, people, store
from shopwright.app.doctor.finding import Finding, looked, ok, warn
from shopwright.app.settings import Settings
from shopwright.core.clock import SystemClock
from shopwright.core.types.identity import StoreId


def examine(settings: Settings, only: StoreId | None, *, in_depth: bool = False) -> list[Finding]:
    """Return what was found; ``only`` limits the looks at stores. Raises UnknownStore.

    ``in_depth`` reads every byte too.
    """
    if not (settings.home / "control.db").exists():
        do = "shopwright init, then shopwright stores add"
        return [
            *looked("master key", partial(files.master_key, settings)),
            warn("data folder", f"{settings.home.absolute()} holds no store yet", do),
        ]
    found = looked("data folder", partial(files.folder, settings))
    found += looked("master key", partial(files.master_key, settings))
    found += looked("file formats", partial(files.formats, settings))
    if any(finding.level == "fail" for finding in found):
        return found  # what follows would only repeat it in other words
    found += looked("keys", partial(_keys, settings))
    found += looked("worker", partial(flow.processes, settings))
    found += looked("ledger", partial(flow.lag, settings, SystemClock()))
    found += looked("copies", partial(flow.copies, settings))
    found += looked("dead letters", partial(flow.dead_letters, settings))
    found += looked(deliveries.CLOCK, partial(deliveries.clocks, settings, SystemClock()))
    found += looked(backups.WHAT, partial(backups.last, settings, SystemClock()))
    found += looked(people.WHAT, partial(people.requests, settings, SystemClock()))
    if in_depth:
        found += looked(deep.FILES, partial(deep.pages, settings))
        found += looked(deep.BODIES, partial(deep.bodies, settings))
        found += looked(deep.MODELS, partial(deep.models, settings))
        found += looked(deep.HISTORY, partial(deep.history, settings))
    known = open_stores(settings)
    for one in known.all() if only is None else [known.get(only)]:
        found += looked(one.store_id, partial(store.intake, settings, one))
        found += looked(one.store_id, partial(deliveries.signatures, settings, one))
        found += looked(one.store_id, partial(connection.connection, settings, one))
        found += looked(one.store_id, partial(store.models, settings, one))
    return found


def _keys(settings: Settings) -> Iterator[Finding]:
    open_keys(settings)
    open_secrets(settings)
    yield ok("keys", "the master key opens keys.db and the webhook secrets")
