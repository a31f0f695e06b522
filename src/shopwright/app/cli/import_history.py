"""``shopwright import``: history from a file of order lines becomes events like any other."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shopwright.app.cli.options import store_option
from shopwright.app.cli.output import emit, json_option, table
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.errors import BadInput
from shopwright.core.types.identity import StoreId

if TYPE_CHECKING:
    from shopwright.adapters.table_files import TableFile
    from shopwright.app.settings import Settings
    from shopwright.core.types.store import Store
    from shopwright.events.column_map import ColumnMap
    from shopwright.pipelines.import_file import ImportReport

PARTITION = "import"


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@store_option
@click.option(
    "--format",
    "layout",
    type=click.Choice(
        ["transactions", "shopify-orders-csv", "shopify-bulk-jsonl", "webhooks-jsonl"]
    ),
    default="transactions",
    show_default=True,
    help="transactions: one row an order line, Parquet or CSV. shopify-orders-csv: the file that "
    "Shopify's admin exports. The others hold a JSON object a line: the file of a bulk operation, "
    "or webhooks.",
)
@click.option(
    "--customers",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="With shopify-orders-csv: Shopify's export of customers, which names their ids.",
)
@click.option(
    "--columns",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="MAP.toml",
    help="Which column is what; without it the names of Online Retail II.",
)
@click.option("--currency", help="Adds the store, if it is not known; such as GBP.")
@click.option("--timezone", help="Adds the store, if it is not known; such as Europe/London.")
@click.option(
    "--refused",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the rows that were not taken, with the reason, to a .csv or .parquet file.",
)
@click.option("--again", is_flag=True, help="Tell everything anew, after a restored backup.")
@json_option
@pass_session
def command(
    session: Session,
    /,
    path: Path,
    store: StoreId,
    columns: Path | None,
    currency: str | None,
    timezone: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Read history from a file.

    An import that was interrupted goes on where it was; one that is repeated adds nothing. The
    features and the history are complete when this ends.
    """
    from shopwright.adapters.table_files import TableFile  # noqa: PLC0415
    from shopwright.app.bootstrap import open_stores  # noqa: PLC0415
    from shopwright.app.cli.stores import check_not_erased  # noqa: PLC0415
    from shopwright.events.column_map import check_columns  # noqa: PLC0415

    settings = session.settings
    target = _store(settings, store, currency, timezone)
    customers = options.pop("customers")
    if customers is not None and options["layout"] != "shopify-orders-csv":
        raise click.UsageError("--customers goes with --format shopify-orders-csv.")
    if options["layout"] != "transactions":
        _shopifys(settings, path, target, options["layout"], customers, as_json=as_json)
        return
    rows, column_map = TableFile(path), _column_map(columns)
    check_columns(column_map.columns, rows.columns, str(path))
    # Added only now: a file that cannot be read must not leave a store behind.
    check_not_erased(settings, target.store_id)
    open_stores(settings).put(target)
    report = _import(settings, rows, target, column_map, **options)
    emit(as_json, report, lambda: _text(report))


def _shopifys(
    settings: "Settings",
    path: Path,
    target: "Store",
    layout: str,
    customers: Path | None,
    *,
    as_json: bool,
) -> None:
    """Take in one of Shopify's own files."""
    from shopwright.adapters.export_csv import ExportCsv  # noqa: PLC0415
    from shopwright.app.bootstrap import open_stores  # noqa: PLC0415
    from shopwright.app.cli import import_shopify  # noqa: PLC0415
    from shopwright.app.cli.stores import check_not_erased  # noqa: PLC0415
    from shopwright.events.export_rows import CUSTOMERS_NEEDED, NEEDED  # noqa: PLC0415

    if not path.is_file():
        raise BadInput(f"{path}: there is no such file")
    if layout == "shopify-orders-csv":
        # Before anything is kept: a file that is none leaves no store behind.
        ExportCsv(path, NEEDED)
        if customers is not None:
            ExportCsv(customers, CUSTOMERS_NEEDED)
    check_not_erased(settings, target.store_id)
    open_stores(settings).put(target)
    if layout == "shopify-orders-csv":
        said = import_shopify.import_orders_export(settings, path, target, customers)
    elif layout == "shopify-bulk-jsonl":
        said = import_shopify.import_bulk(settings, path, target.store_id)
    else:
        said = import_shopify.import_webhook_lines(settings, path, target.store_id)
    emit(as_json, {"store_id": target.store_id, "says": said.splitlines()}, lambda: said)


def _import(
    settings: "Settings",
    rows: "TableFile",
    store: "Store",
    column_map: "ColumnMap",
    *,
    refused: Path | None,
    again: bool,
    layout: str,  # noqa: ARG001 - the other ones went another way
) -> "ImportReport":
    from shopwright.adapters.import_progress import ProgressFolder  # noqa: PLC0415
    from shopwright.adapters.refusals_file import RefusalsFile  # noqa: PLC0415
    from shopwright.app.bootstrap import open_intake, open_keys  # noqa: PLC0415
    from shopwright.app.cli.history import bring_up_to_date  # noqa: PLC0415
    from shopwright.app.progress import watched  # noqa: PLC0415
    from shopwright.core.clock import SystemClock  # noqa: PLC0415
    from shopwright.pipelines.import_file import ImportFile  # noqa: PLC0415

    importer = ImportFile(
        open_intake(settings, PARTITION).accept,
        open_keys(settings),
        ProgressFolder(settings.home / "imports"),
        SystemClock(),
    )
    refusals = RefusalsFile(rows, refused) if refused else None
    with watched() as watch:
        report = importer.run(rows, store, column_map, refusals=refusals, again=again, watch=watch)
    bring_up_to_date(settings)
    return report


def _store(
    settings: "Settings", store: StoreId, currency: str | None, timezone: str | None
) -> "Store":
    from shopwright.app.bootstrap import open_stores  # noqa: PLC0415
    from shopwright.app.cli.stores import new_store  # noqa: PLC0415

    if currency is None and timezone is None:
        return open_stores(settings).get(store)
    if currency is None or timezone is None:
        raise BadInput(f"{store}: give --currency and --timezone together, or neither")
    return new_store(store, currency, timezone)


def _column_map(path: Path | None) -> "ColumnMap":
    from shopwright.events.column_map import DEFAULT, parse  # noqa: PLC0415

    if path is None:
        return DEFAULT
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not UTF-8 text") from error


def _text(report: "ImportReport") -> str:
    counts = report.counts
    taken = counts.lines + counts.cancellations_matched + counts.cancellations_partly_matched
    lines = [
        f"{counts.rows:,} rows: {taken:,} taken, {counts.rows - taken:,} not",
        f"{counts.orders:,} orders ({counts.guests:,} of guests, {counts.orders_cancelled:,} "
        f"cancelled), {counts.refunds:,} refunds, {counts.products:,} products",
        f"{report.events_new:,} events are new, {report.events_duplicate:,} were known, "
        f"{report.events_before:,} came in an earlier run; {report.seconds:.1f} s",
    ]
    if counts.refused:
        reasons = sorted(counts.refused.items(), key=lambda item: -item[1])
        lines += ["", table(["not taken", "rows"], reasons)]
    if report.refused_rows_written is not None:
        lines.append(f"{report.refused_rows_written:,} rows stand in the report of refused rows")
    return "\n".join(lines)
