"""The rows a model learns from, in one canonical order.

The order of rows is part of the result (boosting adds floats row by row), so rows are sorted by
snapshot and entity here, whatever order an engine returned them in.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopwright.core.errors import BadInput
from shopwright.core.ports import Columns
from shopwright.training.feature_rows import Floats, column_of

DIGEST_FORMAT = b"shopwright training set 1\n"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TrainingSet:
    """Features, labels and where they come from; made by ``assemble`` or ``from_columns``."""

    names: tuple[str, ...]
    x: Floats
    """One row per entity and snapshot; NaN where the feature is not known."""
    y: NDArray[np.int64]
    """1 when the entity ordered within the horizon, else 0."""
    snapshot: NDArray[np.int64]
    """Index into ``snapshots_us``."""
    as_of_us: NDArray[np.int64]
    """The instant that each row's features describe."""
    entities: tuple[bytes, ...]
    """Pseudonyms."""
    categories: tuple[str, ...]
    """Product category of each row, for the quality report only; empty where there is none."""
    snapshots_us: tuple[int, ...]
    """When the label windows begin, oldest first."""
    cutoff_us: int
    """Nothing known at or after this instant may be in here."""

    def __len__(self) -> int:
        return len(self.y)

    @property
    def positives(self) -> int:
        """How many rows have label 1."""
        return int(self.y.sum())

    def where(self, chosen: NDArray[np.bool_]) -> "TrainingSet":
        """Return the chosen rows; snapshots keep their numbers."""
        return TrainingSet(
            names=self.names,
            x=self.x[chosen],
            y=self.y[chosen],
            snapshot=self.snapshot[chosen],
            as_of_us=self.as_of_us[chosen],
            entities=tuple(e for e, c in zip(self.entities, chosen, strict=True) if c),
            categories=tuple(e for e, c in zip(self.categories, chosen, strict=True) if c),
            snapshots_us=self.snapshots_us,
            cutoff_us=self.cutoff_us,
        )

    def digest(self) -> str:
        """Return the SHA-256 of everything in here; equal sets have equal digests."""
        head = {
            "names": self.names,
            "snapshots_us": self.snapshots_us,
            "cutoff_us": self.cutoff_us,
            "categories": self.categories,
            "entities": [entity.hex() for entity in self.entities],
        }
        digest = hashlib.sha256(DIGEST_FORMAT)
        digest.update(json.dumps(head, sort_keys=True, ensure_ascii=True).encode())
        for array in (self.snapshot, self.as_of_us, self.y):
            digest.update(array.astype("<i8").tobytes())
        # One NaN and one zero: other bit patterns of them mean the same.
        digest.update(np.where(np.isnan(self.x), np.nan, self.x + 0.0).astype("<f8").tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class UnsortedRows:
    """Rows as an engine returned them, one entry of each per row."""

    x: Floats
    y: "np.ndarray[Any, Any]"
    snapshot_us: "np.ndarray[Any, Any]"
    """Where the row's label window begins."""
    as_of_us: "np.ndarray[Any, Any]"
    """The instant of the row's features."""
    entities: Sequence[bytes]
    categories: Sequence[str] | None = None


def assemble(rows: UnsortedRows, *, names: Sequence[str], cutoff_us: int) -> TrainingSet:
    """Check the rows, sort them and return the set.

    Raises BadInput when the parts do not fit together, an entity has two rows in one snapshot,
    a label is neither 0 nor 1, or a value is infinite.
    """
    _check_shapes(rows, names)
    if not np.isin(rows.y, (0, 1)).all():
        raise BadInput("a label is neither 0 nor 1; labels come from label_sql")
    labels, starts = np.asarray(rows.y, np.int64), np.asarray(rows.snapshot_us, np.int64)
    values = np.asarray(rows.x, np.float64)
    if np.isinf(values).any():
        raise BadInput("a feature value is infinite; a feature is a number or null")
    snapshots, snapshot = np.unique(starts, return_inverse=True)
    order = sorted(range(len(labels)), key=lambda row: (starts[row], rows.entities[row]))
    entities = tuple(bytes(rows.entities[row]) for row in order)
    _check_unique(snapshot[order], entities)
    return TrainingSet(
        names=tuple(names),
        x=np.ascontiguousarray(values[order]),
        y=labels[order],
        snapshot=snapshot[order].astype(np.int64),
        as_of_us=np.asarray(rows.as_of_us, np.int64)[order],
        entities=entities,
        categories=tuple(rows.categories[row] if rows.categories else "" for row in order),
        snapshots_us=tuple(int(us) for us in snapshots),
        cutoff_us=cutoff_us,
    )


def from_columns(
    *,
    spine: Columns,
    features: Columns,
    labels: Columns,
    names: Sequence[str],
    cutoff_us: int,
    categories: Sequence[str] | None = None,
) -> TrainingSet:
    """Join the answers of the feature SQL and the label SQL to their spine by ``row_id``.

    ``categories`` has one entry per spine row. Raises BadInput when an answer lacks a row.
    """
    row_id = np.asarray(spine["row_id"], np.int64)
    by_feature = _positions(row_id, features, "feature")
    by_label = _positions(row_id, labels, "label")
    x = np.empty((len(row_id), len(names)), np.float64)
    for index, name in enumerate(names):
        x[:, index] = column_of(features[name])[by_feature]
    rows = UnsortedRows(
        x=x,
        y=column_of(labels["label"])[by_label],
        snapshot_us=np.asarray(spine["as_of_us"]),
        as_of_us=np.asarray(spine["as_of_us"]),
        entities=[bytes(entity) for entity in spine["entity"]],
        categories=categories,
    )
    return assemble(rows, names=names, cutoff_us=cutoff_us)


def _positions(row_id: NDArray[np.int64], answer: Columns, what: str) -> NDArray[np.int64]:
    answered = np.asarray(answer["row_id"], np.int64)
    order = np.argsort(answered, kind="stable")
    found = np.searchsorted(answered[order], row_id)
    known = found < len(answered)
    known[known] = answered[order][found[known]] == row_id[known]
    if len(answered) != len(row_id) or not known.all():
        raise BadInput(
            f"the {what} query answered {len(answered)} rows, {int(known.sum())} of them among "
            f"the {len(row_id)} that were asked; rebuild the offline store and train again"
        )
    return order[found]


def _check_shapes(rows: UnsortedRows, names: Sequence[str]) -> None:
    count = len(rows.y)
    if np.shape(rows.x) != (count, len(names)):
        raise BadInput(f"the features are {np.shape(rows.x)}, expected {(count, len(names))}")
    lengths = {len(rows.snapshot_us), len(rows.as_of_us), len(rows.entities)}
    if lengths != {count} or len(rows.categories or rows.entities) != count:
        raise BadInput(f"the columns of the training set have different lengths; expected {count}")
    if len(set(names)) != len(names):
        raise BadInput("two features have the same name")


def _check_unique(snapshot: NDArray[Any], entities: Sequence[bytes]) -> None:
    pairs = set(zip(snapshot.tolist(), entities, strict=True))
    if len(pairs) != len(entities):
        raise BadInput(
            f"{len(entities) - len(pairs)} rows repeat a customer within one snapshot; "
            "the spine must name each customer once"
        )
