"""Training sets with a known truth: customers who order at a steady rate until they stop."""

import numpy as np

from shopwright.core.clock import US_PER_DAY
from shopwright.training.tasks import Task
from shopwright.training.training_set import TrainingSet, UnsortedRows, assemble

CUTOFF_US = 20_000 * US_PER_DAY
NAMES = ("recency_days", "interpurchase_days", "orders_90d", "orders_total", "net_spend_total")
CATEGORIES = ("Mugs", "Lamps | <b>bright</b>", "Rare things")

QUICK = Task(name="propensity", horizon_days=30, snapshot_days=(30, 60, 90))


def made_rows(task: Task, customers: int, seed: int) -> UnsortedRows:
    """Return the rows of one shop: features and labels counted from its simulated order days."""
    chance = np.random.default_rng(seed)
    rates = chance.gamma(0.7, 0.04, customers) + 0.002
    stops = chance.exponential(300.0, customers)
    entities = [bytes(chance.bytes(16)) for _ in range(customers)]
    days = [_order_days(chance, rate, stop) for rate, stop in zip(rates, stops, strict=True)]
    spend = chance.lognormal(8.0, 0.6, customers).round()
    kind = chance.choice(len(CATEGORIES), customers, p=(0.6, 0.38, 0.02))
    x, y, snapshot_us, named, categories = [], [], [], [], []
    for before in task.snapshot_days:
        as_of = 700.0 - before
        for customer in range(customers):
            past = days[customer][days[customer] < as_of]
            if not len(past):
                continue
            ahead = days[customer][days[customer] >= as_of]
            x.append(_features(past, as_of, spend[customer]))
            y.append(int((ahead < as_of + task.horizon_days).any()))
            snapshot_us.append(CUTOFF_US - before * US_PER_DAY)
            named.append(entities[customer])
            categories.append(CATEGORIES[kind[customer]])
    instants = np.array(snapshot_us, np.int64)
    return UnsortedRows(
        x=np.array(x),
        y=np.array(y),
        snapshot_us=instants,
        as_of_us=instants,
        entities=named,
        categories=categories,
    )


def made_history(task: Task = QUICK, customers: int = 900, seed: int = 1) -> TrainingSet:
    """Return ``made_rows`` as a training set."""
    return assemble(made_rows(task, customers, seed), names=NAMES, cutoff_us=CUTOFF_US)


def _order_days(chance: np.random.Generator, rate: float, stop: float) -> np.ndarray:
    first = chance.uniform(0.0, 640.0)
    gaps = chance.exponential(1.0 / rate, 80)
    days = first + np.concatenate([[0.0], np.cumsum(gaps)])
    return days[days <= first + stop]


def _features(past: np.ndarray, as_of: float, spend: float) -> list[float]:
    count = len(past)
    gap = (past[-1] - past[0]) / (count - 1) if count > 1 else np.nan
    return [as_of - past[-1], gap, float((past >= as_of - 90.0).sum()), float(count), spend * count]
