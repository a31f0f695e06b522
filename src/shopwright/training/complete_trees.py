"""A booster's trees laid out for walking in lock step: every tree complete to the same depth.

A leaf above the last level is repeated in all its descendants, so every tree takes the same number
of steps. Node ``i`` of a level has its children at ``2 i`` and ``2 i + 1`` of the next, over all
trees at once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.core.errors import Damaged
from shopwright.training.booster import BoosterParts, Tree

DEPTH_MAX = 8
"""A complete tree has 2 ** depth leaves; deeper boosters are XGBoost's own to score."""


class CompleteTrees(NamedTuple):
    """Thresholds, feature columns and leaves of all trees; trees is the number of roots."""

    thresholds: tuple[NDArray[np.float32], ...]
    """Per level, trees × 2 ** level."""
    columns: tuple[NDArray[np.int64], ...]
    """Per level: the feature, plus the number of features where a missing value goes right."""
    leaves: NDArray[np.float32]
    trees: int
    features: int


def complete(parts: BoosterParts) -> CompleteTrees:
    """Lay out a booster. Raises Damaged when a tree is not a tree of numbers."""
    features = len(parts.feature_names)
    depth = 0
    for number, tree in enumerate(parts.trees):
        _check(tree, features, number)
        depth = max(depth, _depth(tree, number))
    thresholds = [np.full((len(parts.trees), 1 << d), np.inf, np.float32) for d in range(depth)]
    columns = [np.zeros((len(parts.trees), 1 << d), np.int64) for d in range(depth)]
    leaves = np.empty((len(parts.trees), 1 << depth), np.float32)
    for number, tree in enumerate(parts.trees):
        level = [0]
        for d in range(depth):
            following = []
            for place, node in enumerate(level):
                left, right = tree.left_children[node], tree.right_children[node]
                if left == -1:
                    following += [node, node]
                    continue
                thresholds[d][number, place] = tree.split_conditions[node]
                missing_right = 0 if tree.default_left[node] else features
                columns[d][number, place] = tree.split_indices[node] + missing_right
                following += [left, right]
            level = following
        leaves[number] = [tree.split_conditions[node] for node in level]
    return CompleteTrees(
        thresholds=tuple(array.ravel() for array in thresholds),
        columns=tuple(array.ravel() for array in columns),
        leaves=leaves.ravel(),
        trees=len(parts.trees),
        features=features,
    )


def _check(tree: Tree, features: int, number: int) -> None:
    nodes = len(tree.left_children)
    sizes = {
        len(tree.right_children),
        len(tree.split_conditions),
        len(tree.split_indices),
        len(tree.default_left),
        len(tree.split_type),
    }
    if nodes == 0 or sizes != {nodes}:
        raise Damaged(f"tree {number} of the model has arrays of different lengths")
    if any(kind != 0 for kind in tree.split_type):
        raise Damaged(f"tree {number} of the model splits by category; expected numbers only")
    with np.errstate(over="ignore"):
        numbers = np.array(tree.split_conditions, np.float32)
    if not np.isfinite(numbers).all():
        raise Damaged(f"tree {number} of the model has a threshold or leaf that is not finite")
    for left, right, column in zip(
        tree.left_children, tree.right_children, tree.split_indices, strict=True
    ):
        if (left == -1) != (right == -1) or not (-1 <= left < nodes and -1 <= right < nodes):
            raise Damaged(f"tree {number} of the model has a child that does not exist")
        if not 0 <= column < features:
            raise Damaged(f"tree {number} of the model asks for feature {column} of {features}")


def _depth(tree: Tree, number: int) -> int:
    depth, level = 0, [0]
    while level := [
        child
        for node in level
        if tree.left_children[node] != -1
        for child in (tree.left_children[node], tree.right_children[node])
    ]:
        depth += 1
        # A cycle of children would never end; it is met here as a tree that is too deep.
        if depth > DEPTH_MAX:
            raise Damaged(f"tree {number} of the model is deeper than {DEPTH_MAX} levels")
    return depth
