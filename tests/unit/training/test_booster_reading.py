"""A file that is not a merged booster is refused before it is walked."""

import copy
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from made_history import NAMES
from made_model import trained

from shopwright.core.errors import Damaged
from shopwright.training.booster import read_booster
from shopwright.training.complete_trees import DEPTH_MAX, complete


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(trained().files["model.json"])
    return document


def _inner(document: dict[str, Any]) -> dict[str, Any]:
    """Return the first tree that splits."""
    trees = document["learner"]["gradient_booster"]["model"]["trees"]
    return next(tree for tree in trees if tree["left_children"][0] != -1)


def _set(name: str, place: int, value: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        _inner(document)[name][place] = value

    return change


def _chain(document: dict[str, Any]) -> None:
    """Make a tree one level deeper than allowed."""
    tree, levels = _inner(document), DEPTH_MAX + 1
    nodes = 2 * levels + 1
    inner = range(0, nodes - 1, 2)
    tree["left_children"] = [node + 1 if node in inner else -1 for node in range(nodes)]
    tree["right_children"] = [left if left == -1 else left + 1 for left in tree["left_children"]]
    for name in ("split_conditions", "split_indices", "default_left", "split_type"):
        tree[name] = [0] * nodes


def _drop_node(document: dict[str, Any]) -> None:
    _inner(document)["split_indices"].pop()


def _empty_tree(document: dict[str, Any]) -> None:
    tree = _inner(document)
    for name, values in tree.items():
        tree[name] = [] if isinstance(values, list) else values


def _learner(*path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        place = document["learner"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


WRONG = {
    "child out of range": (_set("left_children", 0, 99_999), "child that does not exist"),
    "negative child": (_set("right_children", 0, -7), "child that does not exist"),
    "one child": (_set("right_children", 0, -1), "child that does not exist"),
    "cycle": (_set("left_children", 0, 0), "deeper than"),
    "too deep": (_chain, "deeper than"),
    "unknown feature": (_set("split_indices", 0, len(NAMES)), f"asks for feature {len(NAMES)}"),
    "negative feature": (_set("split_indices", 0, -1), "asks for feature -1"),
    "category": (_set("split_type", 0, 1), "by category"),
    "threshold beyond 32 bits": (_set("split_conditions", 0, 1e300), "not finite"),
    "text threshold": (_set("split_conditions", 0, "high"), "not an XGBoost model"),
    "null leaf": (_set("split_conditions", 0, None), "not an XGBoost model"),
    "missing node": (_drop_node, "different lengths"),
    "empty tree": (_empty_tree, "different lengths"),
    "other objective": (_learner("objective", "name", value="reg:squarederror"), "objective"),
    "other base": (_learner("learner_model_param", "base_score", value="[3E-1]"), "base_score"),
    "no trees": (_learner("gradient_booster", "model", "trees", value=[]), "no trees"),
    "no names": (_learner("feature_names", value=None), "not an XGBoost model"),
    "no booster": (_learner("gradient_booster", value={}), "not an XGBoost model"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_booster_that_could_not_be_walked_is_refused(what: str) -> None:
    change, says = WRONG[what]
    document = copy.deepcopy(_document())
    change(document)
    with pytest.raises(Damaged, match=says):
        complete(read_booster(json.dumps(document).encode()))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b"7"])
def test_what_is_no_booster_at_all_is_refused(content: bytes) -> None:
    with pytest.raises(Damaged, match="not an XGBoost model"):
        read_booster(content)


def test_the_untouched_file_is_read() -> None:
    trees = complete(read_booster(trained().files["model.json"]))
    assert (trees.trees, trees.features) == (5 * 12 + 1, len(NAMES))
