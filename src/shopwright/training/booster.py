"""XGBoost's JSON model format, as far as it is used here, and how five boosters become one.

The merged booster's margin is the mean of the five margins: all trees together, leaves divided by
the number of boosters. The common base margin is carried by one constant tree and ``base_score``
is 0.5, whose log-odds are 0, so no version's handling of ``base_score`` can change the result.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Damaged

OBJECTIVE = "binary:logistic"
_NEUTRAL_BASE_SCORE = "[5E-1]"
_NO_PARENT = 2147483647


class Tree(Struct):
    """One regression tree: node 0 is the root, a left child of -1 marks a leaf.

    ``split_conditions`` holds the threshold of an inner node and the value of a leaf. A row goes
    left when its value is below the threshold, and by ``default_left`` when it has none.
    """

    left_children: list[int]
    right_children: list[int]
    split_conditions: list[float]
    split_indices: list[int]
    default_left: list[int]
    split_type: list[int]


class BoosterParts(Struct):
    """What a scorer must know of a booster."""

    feature_names: list[str]
    objective: str
    base_score: str
    trees: list[Tree]


def read_booster(model: bytes) -> BoosterParts:
    """Read a merged booster. Raises Damaged for anything that ``merge`` would not write."""
    try:
        document = msgspec.json.decode(model)
        learner = document["learner"]
        gbtree = learner["gradient_booster"]["model"]
        parts = msgspec.convert(
            {
                "feature_names": learner["feature_names"],
                "objective": learner["objective"]["name"],
                "base_score": learner["learner_model_param"]["base_score"],
                "trees": gbtree["trees"],
            },
            BoosterParts,
        )
    except (*NOT_DECODABLE, KeyError, TypeError) as error:
        raise Damaged(f"the model file is not an XGBoost model in JSON ({error})") from error
    if parts.objective != OBJECTIVE or parts.base_score != _NEUTRAL_BASE_SCORE:
        raise Damaged(
            f"the model file has objective {parts.objective!r} with base_score "
            f"{parts.base_score!r}; expected {OBJECTIVE!r} with {_NEUTRAL_BASE_SCORE!r}"
        )
    if not parts.trees:
        raise Damaged("the model file has no trees")
    return parts


def merge(models: Sequence[bytes], base_share: float) -> bytes:
    """Return one booster whose margin is the mean of the margins of the models.

    ``base_share`` is the ``base_score`` that all of them were trained with. Equal models give
    equal bytes. Trees stand last round first and the constant last: leaves shrink with the
    rounds, so small terms are added first and 32-bit sums lose least.
    """
    documents = [msgspec.json.decode(model) for model in models]
    rounds = [_gbtree(document)["trees"] for document in documents]
    trees = [
        _shrunk(tree, len(models))
        for level in reversed(list(zip(*rounds, strict=True)))
        for tree in level
    ]
    merged: dict[str, Any] = documents[0]
    learner = merged["learner"]
    trees.append(_constant(base_share, learner["learner_model_param"]["num_feature"]))
    for number, tree in enumerate(trees):
        tree["id"] = number
    gbtree = _gbtree(merged)
    gbtree["trees"] = trees
    gbtree["tree_info"] = [0] * len(trees)
    gbtree["iteration_indptr"] = list(range(len(trees) + 1))
    gbtree["gbtree_model_param"]["num_trees"] = str(len(trees))
    learner["learner_model_param"]["base_score"] = _NEUTRAL_BASE_SCORE
    learner["attributes"] = {}
    return msgspec.json.encode(merged, order="sorted")


def _gbtree(document: dict[str, Any]) -> dict[str, Any]:
    model: dict[str, Any] = document["learner"]["gradient_booster"]["model"]
    return model


def _shrunk(tree: dict[str, Any], boosters: int) -> dict[str, Any]:
    """Return the tree with its leaves divided by the number of boosters, in 32 bits."""
    tree["split_conditions"] = [
        _shortest(np.float32(value) / np.float32(boosters)) if left == -1 else value
        for value, left in zip(tree["split_conditions"], tree["left_children"], strict=True)
    ]
    return tree


def _constant(base_share: float, features: str) -> dict[str, Any]:
    # XGBoost keeps base_score in 32 bits; its log-odds belong to that rounded share.
    share = float(np.float32(base_share))
    leaf = _shortest(np.float32(math.log(share / (1.0 - share))))
    return {
        "base_weights": [leaf],
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": [0],
        "left_children": [-1],
        "loss_changes": [0.0],
        "parents": [_NO_PARENT],
        "right_children": [-1],
        "split_conditions": [leaf],
        "split_indices": [0],
        "split_type": [0],
        "sum_hessian": [0.0],
        "tree_param": {
            "num_deleted": "0",
            "num_feature": features,
            "num_nodes": "1",
            "size_leaf_vector": "1",
        },
    }


def _shortest(value: np.float32) -> float:
    """Return the double whose shortest decimal reads back as this 32-bit float.

    XGBoost parses the decimals of the file straight into 32 bits; a double's 17 digits are more
    than its parser promises to take.
    """
    return float(str(value))
