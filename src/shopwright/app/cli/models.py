"""``shopwright models``: every model of a store and task, and which one serves."""

from typing import TYPE_CHECKING

import click

from shopwright.app.cli.operator import operator_name
from shopwright.app.cli.options import STORE, store_option, task_option
from shopwright.app.cli.output import emit, figures_table, json_option, table
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.clock import SystemClock, iso
from shopwright.core.errors import BadInput, Refused
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import ModelVersion, StoreId
from shopwright.training.tasks import TASKS, task_named

if TYPE_CHECKING:
    from shopwright.app.settings import Settings
    from shopwright.core.types.store import Store

SHOWN_DIGITS = 12
VERDICTS = ("champion", "challenger", "refused", "retired")
"""What a decision can say of a model; others speak of its predictions."""


@click.group()
def command() -> None:
    """Show models and choose which one serves."""


@command.command("list")
@click.option("--store", type=STORE, help="Only this store's.")
@json_option
@pass_session
def list_models(session: Session, store: StoreId | None, as_json: bool) -> None:
    """List models, oldest first, with their last verdict."""
    from shopwright.app.bootstrap import open_decisions, open_registry, open_stores  # noqa: PLC0415
    from shopwright.pipelines.standing import standings  # noqa: PLC0415

    settings = session.settings
    known = open_stores(settings)
    stores = known.all() if store is None else [known.get(store)]
    registry, decisions = open_registry(settings), open_decisions(settings)
    rows: list[dict[str, object]] = []
    for one in stores:
        decided = decisions.of(one.store_id, None)
        stands = standings(decided)
        verdicts = {d.model_version: d.verdict for d in decided if d.verdict in VERDICTS}
        for task in sorted(TASKS):
            standing = stands.get((one.store_id, task))
            for version in registry.versions(one.store_id, task):
                manifest = registry.fetch(version).manifest
                rows.append(
                    {
                        "store_id": one.store_id,
                        "task": task,
                        "model_version": version,
                        "as_of": iso(manifest.as_of_us),
                        "verdict": verdicts.get(version),
                        "serves": standing is not None and standing.champion == version,
                    }
                )
    emit(as_json, rows, lambda: _list_text(rows))


def _list_text(rows: list[dict[str, object]]) -> str:
    if not rows:
        return "no models yet; train one with `shopwright train`"
    shown = [
        (r["store_id"], r["task"], str(r["model_version"])[:SHOWN_DIGITS], str(r["as_of"])[:19],
         r["verdict"], r["serves"])
        for r in rows
    ]  # fmt: skip
    return table(["store", "task", "model", "as of", "verdict", "serves"], shown)


@command.command()
@click.argument("version", metavar="MODEL")
@store_option
@task_option
@json_option
@pass_session
def show(session: Session, version: str, store: StoreId, task: str, as_json: bool) -> None:
    """Show what a model was made from, how it scored, and what was decided about it.

    MODEL is the beginning of its version, as the list shows it.
    """
    from shopwright.app.bootstrap import open_decisions, open_registry  # noqa: PLC0415

    settings = session.settings
    whole = _version(settings, _known(settings, store), task, version)
    manifest = open_registry(settings).fetch(whole).manifest
    decided = [d for d in open_decisions(settings).of(store, task) if d.model_version == whole]
    verdicts = [
        {"decided_at": iso(d.decided_us), "verdict": d.verdict, "by": d.author, "reason": d.reason}
        for d in decided
    ]
    facts = [
        ("model", whole),
        ("store", manifest.store_id),
        ("task", f"{manifest.task}, {manifest.horizon_days} days"),
        ("as of", iso(manifest.as_of_us)),
        ("rows", f"{manifest.rows:,}, {manifest.positives:,} of them positive"),
        ("features", f"{manifest.view}: {', '.join(manifest.features)}"),
        ("snapshot", manifest.snapshot),
        ("seed", manifest.seed),
    ]
    emit(
        as_json,
        {"model_version": whole, "manifest": manifest, "decisions": verdicts},
        lambda: "\n".join(
            [
                *(f"{name:<9} {value}" for name, value in facts),
                "",
                figures_table(manifest.figures),
                "",
                *(
                    f"{v['decided_at'][:19]} {v['verdict']} by {v['by']}: {v['reason']}"
                    for v in verdicts
                ),
            ]
        ),
    )


@command.command()
@click.argument("version", metavar="MODEL")
@store_option
@task_option
@click.option("--reason", required=True, help="Why; it is recorded with your name.")
@click.option("--refused", is_flag=True, help="Even if the model was refused.")
@json_option
@pass_session
def promote(
    session: Session,
    /,
    version: str,
    store: StoreId,
    task: str,
    reason: str,
    refused: bool,
    as_json: bool,
) -> None:
    """Let a model serve from now on.

    The decision is recorded for ever, and running web processes follow it within seconds. To go
    back, promote the earlier model.
    """
    from shopwright.app.bootstrap import open_decisions, open_trainer  # noqa: PLC0415

    settings = session.settings
    known = _known(settings, store)
    whole = _version(settings, known, task, version)
    decisions = open_decisions(settings)
    said = {d.verdict for d in decisions.of(store, task) if d.model_version == whole}
    if not said & {"champion", "challenger"} and not refused:
        raise Refused(
            f"{store}: model {whole[:SHOWN_DIGITS]} did not beat its baselines; "
            "say --refused to let it serve all the same"
        )
    decision = Decision(
        store_id=store,
        task=task,
        model_version=whole,
        verdict="champion",
        reason=reason,
        figures={},
        decided_us=SystemClock().now_us(),
        author=operator_name(),
    )
    number = decisions.record(decision)
    open_trainer(settings).project(known, task_named(task))
    emit(
        as_json,
        {"decision": number, "store_id": store, "task": task, "champion": whole},
        lambda: f"{store}: {task} is answered by model {whole[:SHOWN_DIGITS]} from now on",
    )


def _known(settings: "Settings", store: StoreId) -> "Store":
    from shopwright.app.bootstrap import open_stores  # noqa: PLC0415

    return open_stores(settings).get(store)


def _version(settings: "Settings", store: "Store", task: str, beginning: str) -> ModelVersion:
    """Return the only version of a store and task that begins so."""
    from shopwright.app.bootstrap import open_registry  # noqa: PLC0415

    versions = open_registry(settings).versions(store.store_id, task)
    found = [version for version in versions if version.startswith(beginning.lower())]
    if len(found) != 1:
        many = f"begins {len(found)} models; give more of it" if found else "begins no model"
        raise BadInput(
            f"{store.store_id}: {beginning!r} {many} of {task}; "
            f"`shopwright models list --store {store.store_id}` shows them"
        )
    return found[0]
