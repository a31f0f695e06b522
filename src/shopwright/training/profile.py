"""What the training rows looked like, feature by feature, to compare later traffic with.

A column's bins are: missing, special values (zero, and any value that more than 20 % of rows have;
at most three), and the deciles of the rest. Special values have their own bins because a feature
that gets stuck shows there first.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from shopwright.training.feature_rows import Floats

PROFILE_FORMAT = 1
_HEAVY_SHARE = 0.20
_SPECIALS_MAX = 3
_DECILES_ROWS_MIN = 50
"""With fewer ordinary values than this, the rest is one bin."""


class ColumnProfile(Struct, frozen=True, kw_only=True):
    """The histogram of one column."""

    name: str
    rows: int
    specials: list[float]
    """Zero first."""
    edges: list[float]
    """Inner decile edges of the rest, distinct, rising; a bin holds [edge, next edge)."""
    counts: list[int]
    """missing, then one per special value, then len(edges) + 1 bins of the rest."""
    median: float | None
    """Of the values that are not missing."""


class Profile(Struct, frozen=True, kw_only=True):
    """Every feature of a model, and its score."""

    format: int
    features: list[ColumnProfile]
    score: ColumnProfile


def profile(names: Sequence[str], x: Floats, scores: Floats) -> Profile:
    """Profile feature columns and the calibrated scores of the same rows."""
    columns = [profile_column(name, x[:, index]) for index, name in enumerate(names)]
    return Profile(format=PROFILE_FORMAT, features=columns, score=profile_column("score", scores))


def profile_column(name: str, values: Floats) -> ColumnProfile:
    """Choose a column's bins from its own values and count them."""
    known = values[~np.isnan(values)]
    specials = _specials(known, len(values))
    rest = known[~np.isin(known, specials)]
    edges: list[float] = []
    if len(rest) >= _DECILES_ROWS_MIN:
        edges = [float(edge) for edge in np.unique(np.quantile(rest, np.arange(1, 10) / 10.0))]
    return ColumnProfile(
        name=name,
        rows=len(values),
        specials=specials,
        edges=edges,
        counts=[int(count) for count in count_bins(specials, edges, values)],
        median=float(np.median(known)) if len(known) else None,
    )


def count_bins(
    specials: Sequence[float], edges: Sequence[float], values: Floats
) -> NDArray[np.int64]:
    """Count values into missing, specials and the bins between the edges."""
    missing = np.isnan(values)
    special = np.isin(values, specials)
    rest = values[~missing & ~special]
    places = np.searchsorted(np.array(edges, np.float64), rest, side="right")
    return np.concatenate(
        [
            [int(missing.sum())],
            [int((values == value).sum()) for value in specials],
            np.bincount(places, minlength=len(edges) + 1),
        ]
    ).astype(np.int64)


def encode_profile(stored: Profile) -> bytes:
    """Write a profile as JSON."""
    return msgspec.json.encode(stored)


def decode_profile(stored: bytes) -> Profile:
    """Read a profile; raises msgspec.ValidationError for anything else."""
    return msgspec.json.decode(stored, type=Profile)


def _specials(known: Floats, rows: int) -> list[float]:
    values, counts = np.unique(known, return_counts=True)
    heaviest = np.argsort(-counts, kind="stable")
    heavy = [
        float(values[index])
        for index in heaviest
        if counts[index] > _HEAVY_SHARE * rows and values[index] != 0.0
    ]
    return [0.0, *heavy[: _SPECIALS_MAX - 1]]
