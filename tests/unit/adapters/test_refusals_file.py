"""The report of refused rows shows each as it stands in the file, with its reason."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from shopwright.adapters import table_files
from shopwright.adapters.refusals_file import MALFORMED, RefusalsFile
from shopwright.adapters.table_files import TableFile
from shopwright.core.errors import BadInput

REASONS = {2: "partly", 13: "zero price"}
FATES = np.array([0, 13, 1, 2, 13], dtype=np.uint8)


def _parquet(tmp_path: Path) -> TableFile:
    path = tmp_path / "t.parquet"
    day = datetime(2010, 1, 1)
    pq.write_table(
        pa.table({"sku": list("abcde"), "price": [1.5, 0, 2, 2, 0], "at": [day] * 5}), path
    )
    return TableFile(path)


def test_the_rows_keep_their_columns_and_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_files, "BATCH_ROWS", 2)
    table, out = _parquet(tmp_path), tmp_path / "refused.parquet"
    assert RefusalsFile(table, out).write(FATES, REASONS, {3: 7}) == 3
    found = pq.read_table(out)
    assert found.schema.field("at").type == table.schema.field("at").type
    assert found.drop_columns(["at"]).to_pylist() == [
        {"refused_row": 2, "refused_reason": "zero price", "refused_units": None,
         "refused_text": None, "sku": "b", "price": 0},
        {"refused_row": 4, "refused_reason": "partly", "refused_units": 7,
         "refused_text": None, "sku": "d", "price": 2},
        {"refused_row": 5, "refused_reason": "zero price", "refused_units": None,
         "refused_text": None, "sku": "e", "price": 0},
    ]  # fmt: skip
    assert sorted(p.name for p in tmp_path.iterdir()) == ["refused.parquet", "t.parquet"]


@pytest.mark.parametrize("name", ["refused.csv", "refused.parquet"])
def test_a_row_that_could_not_be_split_is_shown_as_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text('sku,price\nx,y,z\na,1\nb,0\n"q,""r",1\n')
    table, out = TableFile(path), tmp_path / name
    assert RefusalsFile(table, out).write(np.array([0, 13, 0], dtype=np.uint8), REASONS, {}) == 2
    read: Callable[[Path], pa.Table] = csv.read_csv if out.suffix == ".csv" else pq.read_table
    first, second = read(out).to_pylist()
    assert (first["refused_row"], first["refused_reason"]) == (3, "zero price")
    assert first["sku"] == "b"
    assert (second["refused_row"], second["refused_reason"]) == (1, MALFORMED)
    assert second["refused_text"] == "x,y,z"


def test_a_table_that_changed_meanwhile_leaves_no_report(tmp_path: Path) -> None:
    table, out = _parquet(tmp_path), tmp_path / "refused.csv"
    for fates in (FATES[:4], np.append(FATES, FATES)):
        with pytest.raises(BadInput, match="changed while it was imported"):
            RefusalsFile(table, out).write(fates, REASONS, {})
        assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]


def test_a_name_that_cannot_work_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    table = _parquet(tmp_path)
    with pytest.raises(BadInput, match=r"\.parquet or \.csv"):
        RefusalsFile(table, tmp_path / "refused.xlsx")
    with pytest.raises(BadInput, match="there is no folder"):
        RefusalsFile(table, tmp_path / "absent" / "refused.csv")
    with pytest.raises(BadInput, match="the imported file itself"):
        RefusalsFile(table, tmp_path / "." / "t.parquet")


def test_what_csv_cannot_hold_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"sku": ["a"], "tags": [["x"]]}), path)
    report = RefusalsFile(TableFile(path), tmp_path / "refused.csv")
    with pytest.raises(BadInput, match=r"try \.parquet"):
        report.write(np.array([13], dtype=np.uint8), REASONS, {})
