"""A proof finds a wrong scorer out, and holds nobody's features."""

import json

import numpy as np
import pytest
from made_history import NAMES, made_history
from made_model import TASK, trained

from shopwright.core.errors import Damaged, TooNew
from shopwright.training.booster import read_booster
from shopwright.training.proof import PROOF_ROWS, Proof, decode_proof, encode_proof, proof_rows

PARTS = read_booster(trained().files["model.json"])
STORED = trained().files["proof.json"]


def _thresholds(column: int) -> set[float]:
    return {
        float(np.float32(threshold))
        for tree in PARTS.trees
        for threshold, split, left in zip(
            tree.split_conditions, tree.split_indices, tree.left_children, strict=True
        )
        if left != -1 and split == column
    }


def test_rows_hold_nulls_extremes_and_values_exactly_at_thresholds() -> None:
    rows = decode_proof(STORED, NAMES).rows
    assert len(rows) >= PROOF_ROWS
    assert np.isnan(rows).all(axis=1).any()
    assert (rows == 3e38).all(axis=1).any()
    assert (rows == -3e38).all(axis=1).any()
    for column in range(len(NAMES)):
        at = _thresholds(column)
        met = at & set(rows[:, column])
        below = {float(np.nextafter(np.float32(value), np.float32(-np.inf))) for value in at}
        # Each threshold is met about 40 times over its three sides; a third of them is certain.
        assert len(met) >= len(at) / 3
        assert below & set(rows[:, column])
        assert np.isnan(rows[:, column]).sum() > 10


def test_rows_depend_on_the_booster_alone() -> None:
    """No customer's features may outlive an erasure in a model file."""
    again = proof_rows(PARTS, np.random.default_rng(1))
    assert again.tobytes() == proof_rows(PARTS, np.random.default_rng(1)).tobytes()
    history = made_history(TASK, customers=500)
    people = {row.tobytes() for row in history.x}
    assert not people & {row.tobytes() for row in decode_proof(STORED, NAMES).rows}


def test_hexadecimal_floats_come_back_bit_for_bit() -> None:
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(50, 3)) * 10.0 ** chance.integers(-300, 300, (50, 3))
    rows[0], rows[1, 0] = np.nan, -0.0
    margins = chance.normal(size=50).astype(np.float32)
    back = decode_proof(encode_proof(Proof(("a", "b", "c"), rows, margins)), ["a", "b", "c"])
    assert back.rows.tobytes() == rows.tobytes()
    assert back.margins.tobytes() == margins.tobytes()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"features": ["a"]}, "for 1 other features"),
        ({"rows": []}, "0 rows"),
        ({"margins": []}, "0 margins"),
        ({"rows": [["0x1p0"]]}, "other features"),
        ({"rows": [["one"] * len(NAMES)]}, "cannot be read"),
        ({"margins": [1.5]}, "cannot be read"),
        ({"margins": ["0x1p9999"]}, "cannot be read"),
        ({"more": 1}, "cannot be read"),
    ],
)
def test_what_is_no_proof_is_refused(change: dict[str, object], says: str) -> None:
    stored = {**json.loads(STORED), **change}
    with pytest.raises(Damaged, match=says):
        decode_proof(json.dumps(stored).encode(), NAMES)


def test_a_newer_proof_is_refused_as_such() -> None:
    with pytest.raises(TooNew, match="format 2"):
        decode_proof(json.dumps({**json.loads(STORED), "format": 2}).encode(), NAMES)
