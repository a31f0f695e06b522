"""Logistic regression by Newton's method (iteratively reweighted least squares)."""

import numpy as np

from shopwright.training.feature_rows import Floats

_STEPS_MAX = 100
_HALVINGS_MAX = 40
_TOLERANCE = 1e-10


def sigmoid(log_odds: Floats) -> Floats:
    """Return 1 / (1 + exp(-log_odds)) without overflow."""
    z = np.asarray(log_odds, np.float64)
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)


def fit_logistic(design: Floats, targets: Floats, ridge: float) -> Floats:
    """Return the weights that minimise log loss + ridge / 2 × |weights|², intercept first.

    ``design`` has no intercept column; the intercept is not penalised. Targets are shares from
    0 to 1. The problem is convex; Newton steps are halved until the loss falls, so it always
    ends, with finite weights.
    """
    columns = np.column_stack([np.ones(len(targets)), design])
    # The intercept gets a trace of a penalty: with one class only it would run to infinity.
    penalty = np.full(columns.shape[1], max(ridge, 1e-9))
    penalty[0] = 1e-9
    weights = np.zeros(columns.shape[1])
    loss = _loss(columns, targets, penalty, weights)
    for _ in range(_STEPS_MAX):
        p = sigmoid(columns @ weights)
        gradient = columns.T @ (p - targets) + penalty * weights
        hessian = (columns.T * (p * (1.0 - p))) @ columns + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        weights, before = weights - step, weights
        for _ in range(_HALVINGS_MAX):
            new_loss = _loss(columns, targets, penalty, weights)
            if new_loss <= loss:
                break
            weights = (weights + before) / 2.0
        else:
            return before
        if loss - new_loss <= _TOLERANCE * max(1.0, loss):
            return weights
        loss = new_loss
    return weights


def _loss(columns: Floats, targets: Floats, penalty: Floats, weights: Floats) -> float:
    z = columns @ weights
    return float(np.sum(np.logaddexp(0.0, z) - targets * z) + 0.5 * np.sum(penalty * weights**2))
