"""The model card: what a model is for, what it saw, how good it is and where it ends.

After Mitchell et al. (2019), "Model cards for model reporting".
"""

from collections.abc import Mapping, Sequence

from shopwright.core.clock import iso
from shopwright.training.acceptance import Verdict
from shopwright.training.quality import CELL_POSITIVES_MIN, CELL_ROWS_MIN, Quality
from shopwright.training.tasks import Task
from shopwright.training.training_set import TrainingSet

_LIMITS = (
    "## Limits",
    "",
    "* It says who is likely to order, not who orders because of what is shown to them.",
    "* The season is not modelled: before a peak its probabilities are too low.",
    "* A customer without a valid order before the question was not among the rows.",
)
_SCORES = ("roc_auc", "pr_auc", "brier", "log_loss", "ece")


def write_card(
    history: TrainingSet,
    task: Task,
    *,
    figures: Mapping[str, Mapping[str, float]],
    verdict: Verdict,
    quality: Quality,
    constant: Sequence[str],
) -> str:
    """Return the card in Markdown; it holds numbers about many customers, none about one."""
    lines = [
        f"# {task.name}",
        "",
        f"Says how likely a customer is to place a valid order within {task.horizon_days} days.",
        "",
        "## Verdict",
        "",
        verdict.reason,
        "",
        *_training_rows(history),
        "",
        *_learner(history, task, constant),
        "",
        "## Figures",
        "",
        "On the latest snapshot, by a model fitted on the earlier ones alone:",
        "",
        *_table(figures),
        "",
        "## By product category",
        "",
        *_categories(quality),
        "",
        *_LIMITS,
    ]
    return "\n".join(lines) + "\n"


def _training_rows(history: TrainingSet) -> list[str]:
    return [
        "## Training rows",
        "",
        f"{len(history)} rows, {history.positives} with an order; nothing known at or after "
        f"{iso(history.cutoff_us)} was seen. SHA-256 of the rows: `{history.digest()}`.",
        "",
        *_snapshots(history),
    ]


def _learner(history: TrainingSet, task: Task, constant: Sequence[str]) -> list[str]:
    learner = task.learner
    return [
        "## Learner",
        "",
        f"{task.folds} XGBoost boosters of {learner.rounds} trees (depth {learner.depth}, rate "
        f"{learner.eta}), each without one fold of the customers, averaged in log-odds and stored "
        "as one; Platt scaling on margins of rows that a booster had not seen.",
        "",
        f"Features of `{task.view}`: {', '.join(f'`{name}`' for name in history.names)}.",
        *([f"Constant here, so without effect: {', '.join(constant)}."] if constant else []),
    ]


def _snapshots(history: TrainingSet) -> list[str]:
    lines = ["| label window from | rows | with an order |", "|---|---|---|"]
    for index, snapshot in enumerate(history.snapshots_us):
        y = history.y[history.snapshot == index]
        lines.append(f"| {iso(snapshot)} | {len(y)} | {int(y.sum())} |")
    return lines


def _table(figures: Mapping[str, Mapping[str, float]]) -> list[str]:
    lines = [f"| | {' | '.join(_SCORES)} |", f"|---|{'---|' * len(_SCORES)}"]
    for name, scores in figures.items():
        lines.append(f"| {name} | {' | '.join(f'{scores[score]:.4f}' for score in _SCORES)} |")
    return lines


def _categories(quality: Quality) -> list[str]:
    lines = ["| category | rows | with an order | average precision |", "|---|---|---|---|"]
    for name, cell in quality.categories.items():
        lines.append(
            f"| {_plain(name)} | {cell.rows} | {cell.positives} | {cell.average_precision:.4f} |"
        )
    shown = lines if quality.categories else ["No category has enough rows to be shown."]
    if not quality.suppressed_categories:
        return shown
    return [
        *shown,
        "",
        f"Categories not shown: {quality.suppressed_categories} ({quality.suppressed_rows} rows), "
        f"for they have fewer than {CELL_ROWS_MIN} rows or {CELL_POSITIVES_MIN} orders.",
    ]


def _plain(name: str) -> str:
    """A merchant names the categories, so nothing in a name may act as Markdown or HTML."""
    return "".join(c if c.isalnum() or c in " -,.&'/>()" else "_" for c in name)
