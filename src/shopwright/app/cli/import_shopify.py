"""``shopwright import`` of Shopify's own files: bulk operations, webhooks, the orders export."""

import gzip
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from shopwright.core.errors import BadInput, Unreadable
from shopwright.core.types.identity import StoreId

if TYPE_CHECKING:
    from shopwright.app.settings import Settings
    from shopwright.core.types.store import Store
    from shopwright.pipelines.ingest import Intake

PARTITION = "import"
PIECE_BYTES = 1 << 18
LINE_BYTES_MAX = 16 << 20
KINDS = {
    "Order": "orders",
    "Product": "products",
    "Customer": "customers",
    "InventoryItem": "inventoryItems",
}


class _Done(NamedTuple):
    step: str
    done: int
    total: int | None


def import_bulk(settings: "Settings", path: Path, store: StoreId) -> str:
    """Take in the file of a bulk operation; return what to say of it. Raises BadInput."""
    from shopwright.adapters.sealed_spool import SealedSpool  # noqa: PLC0415
    from shopwright.app.bootstrap import open_keys  # noqa: PLC0415
    from shopwright.app.cli.history import bring_up_to_date  # noqa: PLC0415
    from shopwright.app.progress import watched  # noqa: PLC0415
    from shopwright.core.clock import SystemClock  # noqa: PLC0415
    from shopwright.pipelines.backfill import tell_file  # noqa: PLC0415
    from shopwright.pipelines.bulk_file import BulkFile  # noqa: PLC0415

    clock = SystemClock()
    file = BulkFile(SealedSpool(settings.home / "spool"))
    try:
        file.fetch(lambda first: _pieces(path, first), clock)
        kinds = {KINDS.get(kind) for kind in file.kinds()}
        if len(kinds) != 1 or None in kinds:
            raise BadInput(
                f"{path}: expected the file of a bulk operation over orders, products or "
                "customers, with __typename and id in every line (docs/importing.md)"
            )
        (kind,) = kinds
        assert kind is not None
        keys = open_keys(settings)
        with watched() as watch, _intake(settings) as intake:
            told = tell_file(file, store, kind, intake.accept, keys, clock, watch)
    except (Unreadable, OSError) as error:
        raise BadInput(f"{path}: {error}") from error
    finally:
        file.close()
    bring_up_to_date(settings)
    return f"{len(told.documents):,} {kind}: {told.new:,} are new, the others were known"


def import_webhook_lines(settings: "Settings", path: Path, store: StoreId) -> str:
    """Take in a file of webhooks; return what to say of it."""
    from shopwright.app.bootstrap import open_keys  # noqa: PLC0415
    from shopwright.app.cli.history import bring_up_to_date  # noqa: PLC0415
    from shopwright.app.cli.output import table  # noqa: PLC0415
    from shopwright.app.progress import watched  # noqa: PLC0415
    from shopwright.core.clock import SystemClock  # noqa: PLC0415
    from shopwright.pipelines.import_webhooks import import_webhooks  # noqa: PLC0415
    from shopwright.pipelines.store_keys import StoreKeys  # noqa: PLC0415

    keys = open_keys(settings)
    with watched() as watch, _intake(settings) as intake:
        done = import_webhooks(
            _lines(path),
            store,
            intake.accept,
            StoreKeys(keys).pseudonymiser(store),
            SystemClock(),
            lambda lines: watch(_Done("reading", lines, None)),
        )
    bring_up_to_date(settings)
    said = f"{done.lines:,} lines: {done.new:,} are new, {done.duplicates:,} were known"
    if not done.refused:
        return said
    first = ", ".join(map(str, done.first_refused))
    return f"{said}\n\n{table(['not taken', 'lines'], sorted(done.refused.items()))}\nlines {first}"


def import_orders_export(
    settings: "Settings", path: Path, store: "Store", customers: Path | None
) -> str:
    """Take in the orders export; return what to say of it. Raises BadInput."""
    from shopwright.adapters.export_csv import ExportCsv  # noqa: PLC0415
    from shopwright.app.bootstrap import open_keys  # noqa: PLC0415
    from shopwright.app.cli.history import bring_up_to_date  # noqa: PLC0415
    from shopwright.app.cli.output import table  # noqa: PLC0415
    from shopwright.app.progress import watched  # noqa: PLC0415
    from shopwright.core.clock import SystemClock  # noqa: PLC0415
    from shopwright.events.export_rows import CUSTOMERS_NEEDED, NEEDED  # noqa: PLC0415
    from shopwright.pipelines.import_export import import_export, people_of  # noqa: PLC0415
    from shopwright.pipelines.store_keys import StoreKeys  # noqa: PLC0415

    file = ExportCsv(path, NEEDED)
    people = {}
    if customers is not None:
        people = people_of(ExportCsv(customers, CUSTOMERS_NEEDED).rows())
    with watched() as watch, _intake(settings) as intake:
        done = import_export(
            file.rows,
            store,
            people,
            intake.accept,
            StoreKeys(open_keys(settings)).pseudonymiser(store.store_id),
            SystemClock(),
            lambda rows: watch(_Done("reading", rows, None)),
        )
    bring_up_to_date(settings)
    said = (
        f"{done.rows:,} rows: {done.taken:,} taken, {done.rows - done.taken:,} not\n"
        f"{done.orders:,} orders ({done.guests:,} of guests); {done.new:,} events are new, "
        f"{done.duplicates:,} were known"
    )
    if not done.refused:
        return said
    first = ", ".join(map(str, done.first_refused))
    refused = table(["not taken", "rows"], sorted(done.refused.items()))
    return f"{said}\n\n{refused}\nfrom lines {first}"


@contextmanager
def _intake(settings: "Settings") -> Iterator["Intake"]:
    """Write the log's partition of imports for the length of a block. Raises Busy."""
    from shopwright.app.bootstrap import open_keys, open_log  # noqa: PLC0415
    from shopwright.core.clock import SystemClock  # noqa: PLC0415
    from shopwright.pipelines.ingest import Intake  # noqa: PLC0415

    with closing(open_log(settings, PARTITION)) as log:
        yield Intake(log, open_keys(settings), SystemClock(), os.urandom)


def _open(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _pieces(path: Path, first: int) -> Iterator[bytes]:
    with _open(path) as file:
        file.seek(first)
        while piece := file.read(PIECE_BYTES):
            yield piece


def _lines(path: Path) -> Iterator[bytes]:
    with _open(path) as file:
        while line := file.readline(LINE_BYTES_MAX):
            yield line
