"""What is learned, as data: a task names its label, its snapshots and its learner.

The defaults follow measurements on real orders: shallow trees (depth 3, 150 rounds, rate 0.05)
averaged over five folds by customer, and several label snapshots instead of one.
"""

from msgspec import Struct

from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import BadInput


class Learner(Struct, frozen=True, kw_only=True):
    """Parameters of the boosted trees; the names are XGBoost's, as far as it has them."""

    depth: int = 3
    """Default depth-6 trees overfit a few thousand customers: they lost 0.05 of ROC-AUC."""
    rounds: int = 150
    eta: float = 0.05
    nthread: int = 1
    """One: sums of gradients over several threads would differ in their last bits."""


class Task(Struct, frozen=True, kw_only=True):
    """One thing to predict for an entity of a view."""

    name: str
    """The word in the registry, in decisions and in requests."""
    horizon_days: int
    """The label says whether a valid order comes in [snapshot, snapshot + horizon_days)."""
    snapshot_days: tuple[int, ...]
    """How long before the cut-off each label snapshot lies; windows must not overlap it."""
    settle_days: int = 0
    """Days that a finished window waits for cancellations before it counts as matured."""
    folds: int = 5
    rows_min: int = 200
    """Fewer training rows than this are refused."""
    positives_min: int = 50
    """Fewer positives, or fewer negatives, among the training rows are refused."""
    judged_min: int = 20
    """Fewer positives, or fewer negatives, among the rows that judge the model are refused."""
    view: str = "customer"
    order_count_feature: str = "orders_total"
    recency_feature: str = "recency_days"
    learner: Learner = Learner()

    def label_snapshots_us(self, as_of_us: int) -> tuple[int, ...]:
        """Return the instants at which label windows begin, oldest first, all matured by then."""
        return tuple(
            as_of_us - (self.settle_days + days) * US_PER_DAY
            for days in sorted(self.snapshot_days, reverse=True)
        )

    def label_ends_us(self, snapshot_us: int) -> int:
        """Return the instant at which the label of a snapshot has matured."""
        return snapshot_us + (self.horizon_days + self.settle_days) * US_PER_DAY


PROPENSITY = Task(name="propensity", horizon_days=30, snapshot_days=(30, 60, 90))
PROPENSITY_7D = Task(name="propensity_7d", horizon_days=7, snapshot_days=(7, 37, 67))

TASKS = {task.name: task for task in (PROPENSITY, PROPENSITY_7D)}


def task_named(name: str) -> Task:
    """Return a task. Raises BadInput and lists the tasks that exist."""
    if name not in TASKS:
        raise BadInput(f"{name!r} is not a task; the tasks are {', '.join(sorted(TASKS))}")
    return TASKS[name]
