"""A training set is the same set whatever order its rows came in."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_history import CUTOFF_US, NAMES, QUICK, made_rows

from shopwright.core.errors import BadInput
from shopwright.training.training_set import TrainingSet, UnsortedRows, assemble, from_columns

ROWS = made_rows(QUICK, customers=60, seed=3)


def _picked(order: np.ndarray) -> UnsortedRows:
    assert ROWS.categories is not None
    return UnsortedRows(
        x=ROWS.x[order],
        y=ROWS.y[order],
        snapshot_us=ROWS.snapshot_us[order],
        as_of_us=ROWS.as_of_us[order],
        entities=[ROWS.entities[i] for i in order],
        categories=[ROWS.categories[i] for i in order],
    )


def _assembled(rows: UnsortedRows) -> TrainingSet:
    return assemble(rows, names=NAMES, cutoff_us=CUTOFF_US)


@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(chance: object) -> None:
    order = np.arange(len(ROWS.y))
    chance.shuffle(order)  # type: ignore[attr-defined]
    shuffled, straight = _assembled(_picked(order)), _assembled(ROWS)
    assert shuffled.digest() == straight.digest()
    assert shuffled.x.tobytes() == straight.x.tobytes()
    assert shuffled.entities == straight.entities


@pytest.mark.parametrize(
    "changed",
    [
        {"y": 1 - ROWS.y},
        {"x": ROWS.x + 1e-9},
        {"snapshot_us": ROWS.snapshot_us - 1},
        {"as_of_us": ROWS.as_of_us - 1},
        {"entities": [entity[::-1] for entity in ROWS.entities]},
        {"categories": None},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_part_counts_in_the_digest(changed: dict[str, object]) -> None:
    assert _assembled(dataclasses.replace(ROWS, **changed)).digest() != _assembled(ROWS).digest()


def test_the_cut_off_and_the_names_count_in_the_digest() -> None:
    digests = {
        assemble(ROWS, names=names, cutoff_us=cutoff).digest()
        for names in (NAMES, NAMES[::-1])
        for cutoff in (CUTOFF_US, CUTOFF_US + 1)
    }
    assert len(digests) == 4


def test_one_zero_and_one_null() -> None:
    x = np.zeros_like(ROWS.x)
    x[:, 1] = np.nan
    other = -x
    other[:, 1] = np.frombuffer(b"\x01\x00\x00\x00\x00\x00\xf8\xff", np.float64)[0]
    assert x.tobytes() != other.tobytes()
    digests = {_assembled(dataclasses.replace(ROWS, x=rows)).digest() for rows in (x, other)}
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"y": np.where(np.arange(len(ROWS.y)) == 3, 2, ROWS.y)}, "neither 0 nor 1"),
        ({"y": np.full(len(ROWS.y), 0.5)}, "neither 0 nor 1"),
        ({"y": np.full(len(ROWS.y), np.nan)}, "neither 0 nor 1"),
        ({"x": np.full_like(ROWS.x, np.inf)}, "infinite"),
        ({"x": ROWS.x[:, :-1]}, "expected"),
        ({"entities": ROWS.entities[:-1]}, "different lengths"),
        ({"entities": [ROWS.entities[0]] * len(ROWS.y)}, "repeat a customer"),
    ],
)
def test_rows_that_do_not_fit_together_are_refused(changed: dict[str, object], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        _assembled(dataclasses.replace(ROWS, **changed))


def _columns(order: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    ids = np.arange(100, 100 + len(ROWS.y))
    missing = np.isnan(ROWS.x)
    features = {
        name: np.ma.masked_array(np.where(missing, -1.0, ROWS.x)[order, i], missing[order, i])
        for i, name in enumerate(NAMES)
    }
    entities = np.array(ROWS.entities, dtype=object)
    return {
        "spine": {"row_id": ids, "entity": entities, "as_of_us": ROWS.snapshot_us},
        "features": {"row_id": ids[order], **features},
        "labels": {"row_id": ids[order[::-1]], "label": ROWS.y[order[::-1]]},
    }


def test_answers_are_joined_by_row_id_and_masked_values_become_null() -> None:
    order = np.random.default_rng(0).permutation(len(ROWS.y))
    joined = from_columns(
        **_columns(order), names=NAMES, cutoff_us=CUTOFF_US, categories=ROWS.categories
    )
    assert joined.digest() == _assembled(ROWS).digest()


@pytest.mark.parametrize("which", ["features", "labels"])
def test_an_answer_that_lacks_a_row_is_refused(which: str) -> None:
    columns = _columns(np.arange(len(ROWS.y)))
    columns[which] = {name: values[1:] for name, values in columns[which].items()}
    with pytest.raises(BadInput, match=f"{len(ROWS.y) - 1} rows"):
        from_columns(**columns, names=NAMES, cutoff_us=CUTOFF_US)


def test_an_answer_with_a_foreign_row_is_refused() -> None:
    columns = _columns(np.arange(len(ROWS.y)))
    columns["labels"]["row_id"] = columns["labels"]["row_id"] + 1
    with pytest.raises(BadInput, match=f"{len(ROWS.y) - 1} of them among"):
        from_columns(**columns, names=NAMES, cutoff_us=CUTOFF_US)


def test_integers_of_64_bits_become_the_nearest_float() -> None:
    columns = _columns(np.arange(len(ROWS.y)))
    big = (1 << 62) + 1
    columns["features"]["net_spend_total"] = np.full(len(ROWS.y), big)
    joined = from_columns(**columns, names=NAMES, cutoff_us=CUTOFF_US)
    assert set(joined.x[:, NAMES.index("net_spend_total")]) == {float(big)}
