"""Rows with the margins that XGBoost gave them, stored beside the model.

Before a model serves, the scorer must reproduce every bit. The rows are made, not taken from
customers: a model file outlives an erasure, so no person's features may be in it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Damaged, TooNew
from shopwright.training.booster import BoosterParts
from shopwright.training.feature_rows import Floats, Margins, float32_rows

PROOF_FORMAT = 1
PROOF_ROWS = 256
_EXTREMES = (0.0, -0.0, 1.0, -1.0, 1e-40, 3e38, -3e38, 16_777_217.0, float((1 << 63) - 1))
_MISSING_SHARE = 0.15


class Proof(NamedTuple):
    """What the booster must say of these rows."""

    features: tuple[str, ...]
    rows: Floats
    margins: Margins


class _Stored(Struct, forbid_unknown_fields=True):
    format: int
    features: list[str]
    rows: list[list[str | None]]
    """``float.hex`` of each value; null where it is not known."""
    margins: list[str]


def proof_rows(parts: BoosterParts, generator: np.random.Generator) -> Floats:
    """Return rows on which a wrong scorer would be found out.

    All nulls, each feature alone null or alone known, extremes, and then values exactly at, just
    below and just above the booster's own thresholds, with nulls among them.
    """
    width = len(parts.feature_names)
    special = [np.full(width, np.nan), *(np.full(width, value) for value in _EXTREMES)]
    for column in range(width):
        alone_null, alone_known = np.zeros(width), np.full(width, np.nan)
        alone_null[column], alone_known[column] = np.nan, 1.0
        special += [alone_null, alone_known]
    rest = max(PROOF_ROWS - len(special), PROOF_ROWS // 2)
    drawn = np.column_stack(
        [_around(_thresholds(parts, column), rest, generator) for column in range(width)]
    )
    drawn[generator.random(drawn.shape) < _MISSING_SHARE] = np.nan
    return np.concatenate([np.stack(special), drawn])


def encode_proof(proof: Proof) -> bytes:
    """Write a proof as JSON with hexadecimal floats: no decimal rounding anywhere."""
    return msgspec.json.encode(
        _Stored(
            format=PROOF_FORMAT,
            features=list(proof.features),
            rows=[
                [None if np.isnan(value) else float(value).hex() for value in row]
                for row in proof.rows
            ],
            margins=[float(margin).hex() for margin in proof.margins],
        )
    )


def decode_proof(stored: bytes, features: Sequence[str]) -> Proof:
    """Read a proof. Raises Damaged when it is no proof for these features; TooNew."""
    try:
        proof = msgspec.json.decode(stored, type=_Stored)
        rows = [
            [np.nan if value is None else float.fromhex(value) for value in row]
            for row in proof.rows
        ]
        margins = np.array([float.fromhex(margin) for margin in proof.margins], np.float32)
    except (*NOT_DECODABLE, ValueError, OverflowError) as error:
        raise Damaged(f"the model's proof cannot be read ({error})") from error
    if proof.format > PROOF_FORMAT:
        raise TooNew(
            f"the model's proof has format {proof.format}, this Shopwright knows {PROOF_FORMAT}; "
            "upgrade it"
        )
    if proof.features != list(features) or any(len(row) != len(features) for row in rows):
        raise Damaged(f"the model's proof is for {len(proof.features)} other features")
    if not rows or len(rows) != len(margins):
        raise Damaged(f"the model's proof has {len(rows)} rows and {len(margins)} margins")
    return Proof(tuple(proof.features), np.array(rows, np.float64), margins)


def _thresholds(parts: BoosterParts, column: int) -> NDArray[np.float32]:
    found = {
        threshold
        for tree in parts.trees
        for threshold, split, left in zip(
            tree.split_conditions, tree.split_indices, tree.left_children, strict=True
        )
        if left != -1 and split == column
    }
    return np.array(sorted(found) or [0.0], np.float32)


def _around(thresholds: NDArray[np.float32], count: int, generator: np.random.Generator) -> Floats:
    """Return values at, just below and just above the thresholds: each threshold once at first."""
    at = generator.permutation(np.resize(generator.permutation(thresholds), count))
    side = generator.integers(0, 3, count)
    below, above = np.nextafter(at, np.float32(-np.inf)), np.nextafter(at, np.float32(np.inf))
    values = np.where(side == 0, at, np.where(side == 1, below, above))
    return float32_rows(values).astype(np.float64)
