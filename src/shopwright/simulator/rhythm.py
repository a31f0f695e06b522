"""The hidden clock of a customer: when the next purchase comes, and how likely it is by when.

Gaps are gamma with a whole-numbered shape k, that is k stages of a Poisson process (Erlang), in
operational time. So the chance of an order within a horizon, given how long ago the last one was,
has a closed form: no simulation, no numeric integration.
"""

import math

import numpy as np
from msgspec import Struct


class Habit(Struct, frozen=True):
    """What drives a person's purchases from one purchase to the next; nobody else sees it."""

    rate: float
    """Purchases per operational day while the person is a customer."""
    rhythm: int
    """Stages between two purchases: 1 has no memory, more means a regular buyer."""
    dropout: float
    """Chance that any one purchase is the last."""


def draw_gap(habit: Habit, rng: np.random.Generator) -> float:
    """Return operational days until the next purchase."""
    return float(rng.gamma(habit.rhythm, 1.0 / (habit.rhythm * habit.rate)))


def order_chance(habit: Habit, age: float, ahead: float, kept_share: float) -> float:
    """Return the probability of a lasting order within ``ahead`` operational days.

    ``age`` is operational days since the last purchase, of somebody known to be still a customer.
    Each order lasts (is neither cancelled, voided nor deleted) with probability ``kept_share``.

    Exact for this habit: the stage reached by ``age`` is a truncated Poisson variable, the stages
    passed during ``ahead`` are Poisson, every ``rhythm`` of them are a purchase, and after each
    purchase the person may drop out. A refund that sours a *future* purchase is left out.
    """
    stages = habit.rhythm
    reached = _stage_distribution(stages * habit.rate * age, stages)
    passed = _poisson(stages * habit.rate * ahead)
    none = 0.0
    unlucky = _all_lost((len(passed) + stages) // stages, habit.dropout, kept_share)
    for stage, weight in enumerate(reached):
        none += weight * sum(
            chance * unlucky[(stage + more) // stages] for more, chance in enumerate(passed)
        )
    return min(1.0, max(0.0, 1.0 - none))


def _stage_distribution(mean: float, stages: int) -> list[float]:
    """Return P(stage = j | fewer than ``stages`` passed) for a Poisson of that mean."""
    if mean <= 0.0:
        return [1.0] + [0.0] * (stages - 1)
    logs = [j * math.log(mean) - math.lgamma(j + 1) for j in range(stages)]
    top = max(logs)
    weights = [math.exp(value - top) for value in logs]
    total = sum(weights)
    return [weight / total for weight in weights]


def _poisson(mean: float) -> list[float]:
    """Return the probabilities of 0, 1, 2 …, up to where what remains is below 1e-12."""
    chance = math.exp(-mean)
    chances, total = [chance], chance
    while total < 1.0 - 1e-12 and len(chances) < mean + 12.0 * math.sqrt(mean) + 30.0:
        chance *= mean / len(chances)
        chances.append(chance)
        total += chance
    chances[-1] += max(0.0, 1.0 - total)
    return chances


def _all_lost(most: int, dropout: float, kept_share: float) -> list[float]:
    """Return, for 0 … most purchases due, the chance that no order of them lasts."""
    lost = [1.0]
    for _ in range(most):
        lost.append((1.0 - kept_share) * (dropout + (1.0 - dropout) * lost[-1]))
    return lost
