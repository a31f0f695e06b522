"""``shopwright features``: the catalogue, one vector as of an instant, and a frame of many."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shopwright.app.cli.options import STORE, as_of_option, read_instant, store_option
from shopwright.app.cli.output import emit, json_option, table
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.clock import SystemClock, iso
from shopwright.core.types.feature import FeatureVector
from shopwright.core.types.identity import StoreId

if TYPE_CHECKING:
    from shopwright.app.cli.asked import SpineRow
    from shopwright.app.cli.spine import View
    from shopwright.app.settings import Settings

SHOWN_MAX = 100

_view_option = click.option(
    "--view",
    default="customer",
    show_default=True,
    metavar="NAME",
    help="The feature view; `shopwright features list` names them.",
)


@click.group()
def command() -> None:
    """Ask for features, now or as of an instant."""


@command.command("list")
@json_option
@pass_session
def list_features(session: Session, as_json: bool) -> None:
    """Show the catalogue: every feature with its meaning, your own views included."""
    from shopwright.app.own_features import load_views  # noqa: PLC0415
    from shopwright.features.item_catalogue import kind_of  # noqa: PLC0415
    from shopwright.features.items import ITEM_VIEWS  # noqa: PLC0415

    rows: list[dict[str, Any]] = [
        {
            "view": view.label,
            "feature": one.name,
            "kind": one.kind,
            "unit": one.unit,
            "says": one.says,
        }
        for view in load_views(session.settings)
        for one in view.features
    ]
    rows += [
        {
            "view": item_view.label,
            "feature": sold.name,
            "kind": kind_of(sold),
            "unit": sold.unit,
            "says": sold.says,
        }
        for item_view in ITEM_VIEWS
        for sold in item_view.features
    ]
    headings = ["view", "feature", "kind", "unit", "says"]
    emit(as_json, rows, lambda: table(headings, [list(row.values()) for row in rows]))


@command.command()
@click.argument("entity", metavar="ENTITY")
@store_option
@as_of_option("An earlier instant, answered from the ledger; without it, now.")
@_view_option
@json_option
@pass_session
def get(
    session: Session, entity: str, store: StoreId, as_of: str | None, view: str, as_json: bool
) -> None:
    """Show the features of one customer, or of one thing that is sold.

    ENTITY is a customer: the shop's id, its gid, or a pseudonym of 32 hex digits. With --view
    product or variant it is the id or gid of one, with --view store the store's domain. The
    features of now come from the online store, where predictions find them; `event_received_at`
    says how new they are.
    """

    vector, entity_shown, received_us = _vector(session.settings, store, view, entity, as_of)
    facts: dict[str, Any] = {
        "store_id": vector.store_id,
        "entity": entity_shown,
        "view": vector.view,
        "as_of": iso(vector.as_of_us),
    }
    if as_of is None:
        facts["event_received_at"] = None if received_us is None else iso(received_us)
    emit(
        as_json,
        facts | {"values": vector.values},
        lambda: "\n\n".join(
            [
                "\n".join(f"{name:<18} {value or '-'}" for name, value in facts.items()),
                table(["feature", "value"], list(vector.values.items())),
            ]
        ),
    )


def _vector(
    settings: "Settings", store: StoreId, view: str, entity: str, as_of: str | None
) -> tuple[FeatureVector, str, int | None]:
    from shopwright.app.cli.asked import Asked, shown  # noqa: PLC0415
    from shopwright.app.cli.history import bring_up_to_date  # noqa: PLC0415
    from shopwright.app.own_features import any_view_named  # noqa: PLC0415
    from shopwright.features.item_view import ItemView  # noqa: PLC0415

    chosen = any_view_named(settings, view)
    asked = Asked(settings, store)
    received_us = None
    if as_of is None:
        vector, received_us = asked.vector_now(chosen, entity, SystemClock().now_us())
    elif isinstance(chosen, ItemView):
        bring_up_to_date(settings)
        as_of_us = read_instant(as_of, asked.store.timezone)
        vector = asked.item_vector_then(chosen, entity, as_of_us)
    else:
        vector = asked.vector_then(chosen, entity, read_instant(as_of, asked.store.timezone))
    return vector, shown(chosen, vector.entity) or str(store), received_us


@command.command()
@click.option(
    "--store", type=STORE, help="The store's domain; left out, the spine names one in each row."
)
@click.option(
    "--spine",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Parquet or CSV with the columns entity and as_of, and store for many stores: one row of "
    "features for each, of all stores in one pass.",
)
@click.option(
    "--every", metavar="7d", help="Instead of a spine: instants this far apart, such as 7d."
)
@click.option("--entity", "entities", multiple=True, help="With --every: an entity; repeatable.")
@click.option("--since", metavar="INSTANT", help="With --every: 90 days ago, if left out.")
@click.option("--until", metavar="INSTANT", help="With --every: now, if left out.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.parquet",
    help="Write the frame there; without it the first rows are shown.",
)
@_view_option
@json_option
@pass_session
def history(
    session: Session,
    /,
    store: StoreId | None,
    spine: Path | None,
    out: Path | None,
    view: str,
    as_json: bool,
    **regular: Any,
) -> None:
    """Make a point-in-time frame: features of many entities and instants, as known then.

    Columns: as_of, store_id, entity, and the features of the view.
    """
    from shopwright.app.cli.asked import frame  # noqa: PLC0415
    from shopwright.app.cli.frame_file import check_name, write_frame  # noqa: PLC0415
    from shopwright.app.cli.history import bring_up_to_date  # noqa: PLC0415
    from shopwright.app.own_features import any_view_named  # noqa: PLC0415

    if (spine is None) == (regular["every"] is None):
        raise click.UsageError("Give a file with --spine, or --every with --entity.")
    if out is not None:
        check_name(out)
    settings = session.settings
    chosen = any_view_named(settings, view)
    asked = _rows(settings, chosen, store, spine, regular)
    bring_up_to_date(settings)
    columns = frame(settings, chosen, asked)
    if out is not None:
        write_frame(out, columns)
        summary = {"rows": len(asked), "file": str(out)}
        emit(as_json, summary, lambda: f"{len(asked):,} rows written to {out}")
    else:
        columns["as_of"] = [iso(us) for us in columns["as_of"]]
        rows = list(zip(*columns.values(), strict=True))
        emit(
            as_json,
            [dict(zip(columns, row, strict=True)) for row in rows],
            lambda: _frame_text(list(columns), rows),
        )


@command.command()
@click.option(
    "--dbt",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Write the dbt package there, for DuckDB and Spark; a folder of an earlier export is "
    "brought up to date.",
)
@as_of_option("The instant that features are asked for; without it, now.")
@json_option
@pass_session
def export(session: Session, folder: Path, as_of: str | None, as_json: bool) -> None:
    """Write what other tools need to compute the very same features.

    The dbt package reads the Parquet files that are the history now. They change: export again
    before each `dbt build`.
    """
    from shopwright.app.bootstrap import open_offline, open_stores  # noqa: PLC0415
    from shopwright.app.cli.history import bring_up_to_date  # noqa: PLC0415
    from shopwright.app.dbt_package import write_package  # noqa: PLC0415

    settings = session.settings
    bring_up_to_date(settings)
    stores = open_stores(settings).all()
    as_of_us = SystemClock().now_us() if as_of is None else read_instant(as_of, "UTC")
    files = open_offline(settings).current_files()
    offline = (settings.home / "offline").absolute()
    write_package(folder, offline, files, stores, as_of_us)
    summary = {
        "folder": str(folder),
        "as_of": iso(as_of_us),
        "stores": len(stores),
        "files": sum(len(of_one) for of_one in files.values()),
    }
    emit(
        as_json,
        summary,
        lambda: (
            f"{summary['files']:,} files of {len(stores):,} stores, as of {summary['as_of']}\n"
            f"next: cd {folder} && DBT_PROFILES_DIR=. dbt build"
        ),
    )


def _rows(
    settings: "Settings",
    view: "View",
    store: StoreId | None,
    spine: Path | None,
    regular: dict[str, Any],
) -> "list[SpineRow]":
    from shopwright.app.cli.asked import Asked  # noqa: PLC0415
    from shopwright.app.cli.spine import (  # noqa: PLC0415
        Regular,
        regular_pairs,
        spine_pairs,
        spine_rows,
    )

    if store is None:
        if spine is None:
            raise click.UsageError("Give --store with --every, or a spine that names stores.")
        return spine_rows(spine, settings, view)
    asked = Asked(settings, store)
    if spine is not None:
        return asked.rows(spine_pairs(spine, asked, view))
    return asked.rows(regular_pairs(Regular(**regular), asked, view, SystemClock().now_us()))


def _frame_text(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    more = len(rows) - SHOWN_MAX
    foot = f"\n… and {more:,} more; --out FILE.parquet writes all" if more > 0 else ""
    return table(names, rows[:SHOWN_MAX]) + foot
