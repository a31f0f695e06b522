"""``shopwright predict``: everyone with a valid order before an instant, scored."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shopwright.app.cli.operator import operator_name
from shopwright.app.cli.options import as_of_option, instant_or_now, store_option, task_option
from shopwright.app.cli.output import emit, json_option, table
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.clock import SystemClock, iso
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.training.tasks import task_named

if TYPE_CHECKING:
    from shopwright.app.settings import Settings
    from shopwright.pipelines.predict_batch import BatchPrediction

SHOWN_MAX = 20
REVEALED = "ids revealed"
"""Under this a look at customers' own ids stands in the audit trail."""


@click.command()
@store_option
@task_option
@as_of_option(
    "Score as of this instant, by a model that was trained on nothing later; without it, now."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.parquet",
    help="Write every prediction there; without it the highest are shown.",
)
@click.option("--reveal", is_flag=True, help="Add customer_id, the shop's own. It is recorded.")
@json_option
@pass_session
def command(
    session: Session,
    /,
    store: StoreId,
    task: str,
    as_of: str | None,
    out: Path | None,
    reveal: bool,
    as_json: bool,
) -> None:
    """Write predictions for every customer of a store.

    One row for each customer with a valid order before the instant. Columns: as_of, store_id,
    entity (a pseudonym), model_version, horizon_days, p.
    """
    from shopwright.app.cli.frame_file import check_name, write_frame  # noqa: PLC0415

    if out is not None:
        check_name(out)
    settings = session.settings
    prediction = _predict(settings, store, task, as_of)
    columns = _columns(settings, prediction, reveal=reveal)
    rows = len(prediction.entities)
    if out is not None:
        write_frame(out, columns)
        summary = {"rows": rows, "file": str(out), "model_version": prediction.model.version}
        emit(as_json, summary, lambda: f"{rows:,} predictions written to {out}")
    else:
        emit(as_json, _rows(columns), lambda: _text(columns, prediction))


def _predict(
    settings: "Settings", store: StoreId, task: str, as_of: str | None
) -> "BatchPrediction":
    from shopwright.app.bootstrap import (  # noqa: PLC0415
        open_decisions,
        open_offline,
        open_registry,
        open_stores,
    )
    from shopwright.app.cli.history import bring_up_to_date  # noqa: PLC0415
    from shopwright.app.own_features import load_views  # noqa: PLC0415
    from shopwright.pipelines.predict_batch import champion_of, model_before, predict_batch  # noqa: PLC0415

    known = open_stores(settings).get(store)
    as_of_us = instant_or_now(as_of, known.timezone, SystemClock())
    registry, decisions = open_registry(settings), open_decisions(settings)
    model = (
        champion_of(known, task_named(task), registry=registry, decisions=decisions)
        if as_of is None
        else model_before(known, task_named(task), as_of_us, registry=registry, decisions=decisions)
    )
    bring_up_to_date(settings)
    return predict_batch(known, as_of_us, model, open_offline(settings), load_views(settings))


def _columns(
    settings: "Settings", prediction: "BatchPrediction", *, reveal: bool
) -> dict[str, list[Any]]:
    from shopwright.pipelines.predict_batch import columns_of  # noqa: PLC0415

    return columns_of(prediction, _reveal(settings, prediction) if reveal else None)


def _reveal(settings: "Settings", prediction: "BatchPrediction") -> Mapping[Pseudonym, str]:
    """Record who looks, at how many and when; then let them see."""
    from shopwright.app.bootstrap import open_audit, open_keys  # noqa: PLC0415

    manifest = prediction.model.manifest
    open_audit(settings).record(
        SystemClock().now_us(),
        f"operator {operator_name()}",
        REVEALED,
        manifest.store_id,
        f"customer ids of {len(prediction.entities)} predictions",
    )
    return open_keys(settings).reveal(manifest.store_id, prediction.entities)


def _rows(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    shown = dict(columns) | {"as_of": [iso(us) for us in columns["as_of"]]}
    return [dict(zip(shown, row, strict=True)) for row in zip(*shown.values(), strict=True)]


def _text(columns: Mapping[str, list[Any]], prediction: "BatchPrediction") -> str:
    names = [name for name in ("entity", "customer_id", "p") if name in columns]
    rows = sorted(
        zip(*(columns[name] for name in names), strict=True), key=lambda row: (-row[-1], row[0])
    )
    manifest = prediction.model.manifest
    head = (
        f"{manifest.store_id} {manifest.task}: {len(rows):,} customers as of "
        f"{iso(prediction.as_of_us)[:19]}Z, {manifest.horizon_days} days, "
        f"model {prediction.model.version[:12]}"
    )
    more = len(rows) - SHOWN_MAX
    foot = f"\n… and {more:,} more; --out FILE.parquet writes all" if more > 0 else ""
    return f"{head}\n\n{table(names, rows[:SHOWN_MAX])}{foot}"
