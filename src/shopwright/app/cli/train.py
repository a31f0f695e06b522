"""``shopwright train``: one training run of each store that was named, and what became of it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from shopwright.app.cli.options import STORE, as_of_option, instant_or_now, task_option
from shopwright.app.cli.output import emit, figures_table, json_option
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.clock import SystemClock, iso
from shopwright.core.errors import Refused
from shopwright.core.types.identity import StoreId
from shopwright.training.tasks import task_named

if TYPE_CHECKING:
    from shopwright.app.settings import Settings
    from shopwright.core.types.store import Store
    from shopwright.pipelines.train import TrainingReport

SEED = 7
SEED_MAX = (1 << 31) - 1


@click.command()
@click.option("--store", "stores", type=STORE, multiple=True, help="Train this store; repeatable.")
@click.option("--all", "everyone", is_flag=True, help="Train every store.")
@task_option
@as_of_option("Learn only from what was known before this instant; without it, now.")
@click.option(
    "--seed",
    type=click.IntRange(0, SEED_MAX),
    default=SEED,
    show_default=True,
    help="The same rows and seed give the same model, byte for byte.",
)
@json_option
@pass_session
def command(
    session: Session,
    stores: tuple[StoreId, ...],
    everyone: bool,
    task: str,
    as_of: str | None,
    seed: int,
    as_json: bool,
) -> None:
    """Train a model and judge it.

    The model is compared with its baselines on customers and days that none of them saw. One that
    does not beat them is refused: it is kept with its figures, and exit code 1 says so.
    """
    if bool(stores) == everyone:
        raise click.UsageError("Name a store with --store, or all of them with --all.")
    settings = session.settings
    reports: list[TrainingReport] = []
    unlearned: list[str] = []
    for store in _chosen(settings, stores):
        as_of_us = instant_or_now(as_of, store.timezone, SystemClock())
        try:
            reports.append(_train(settings, store, task, as_of_us, seed))
        except Refused as error:
            unlearned.append(f"{store.store_id}: {error}")
    emit(as_json, [_plain(report) for report in reports], lambda: "\n\n".join(map(_text, reports)))
    unlearned += [_refusal(r) for r in reports if r.decision.verdict == "refused"]
    if unlearned:
        raise Refused("; ".join(unlearned))


def _chosen(settings: "Settings", stores: tuple[StoreId, ...]) -> Iterator["Store"]:
    from shopwright.app.bootstrap import open_stores  # noqa: PLC0415
    from shopwright.app.cli.history import bring_up_to_date  # noqa: PLC0415

    known = open_stores(settings)
    chosen = [known.get(store) for store in stores] if stores else known.all()
    if chosen:
        bring_up_to_date(settings)
    yield from chosen


def _train(
    settings: "Settings", store: "Store", task: str, as_of_us: int, seed: int
) -> "TrainingReport":
    from shopwright.app.bootstrap import open_ledger, open_trainer  # noqa: PLC0415
    from shopwright.app.completeness_gate import check_whole  # noqa: PLC0415

    check_whole(settings, store.store_id)
    return open_trainer(settings).train(
        store,
        task_named(task),
        as_of_us=as_of_us,
        seed=seed,
        log_through=open_ledger(settings, read_only=True).through(),
    )


def _refusal(report: "TrainingReport") -> str:
    return f"{report.manifest.store_id}: {report.decision.reason}"


def _plain(report: "TrainingReport") -> dict[str, object]:
    manifest = report.manifest
    return {
        "store_id": manifest.store_id,
        "task": manifest.task,
        "model_version": report.version,
        "as_of": iso(manifest.as_of_us),
        "seed": manifest.seed,
        "rows": manifest.rows,
        "positives": manifest.positives,
        "figures": manifest.figures,
        "verdict": report.decision.verdict,
        "reason": report.decision.reason,
        "seconds": report.seconds,
    }


def _text(report: "TrainingReport") -> str:
    manifest = report.manifest
    head = (
        f"{manifest.store_id} {manifest.task}: {manifest.rows:,} rows, "
        f"{manifest.positives:,} positives, as of {iso(manifest.as_of_us)[:19]}Z"
    )
    verdict = f"{report.decision.verdict}: {report.decision.reason}"
    return f"{head}\n\n{figures_table(manifest.figures)}\n\n{verdict}\nmodel {report.version}"
