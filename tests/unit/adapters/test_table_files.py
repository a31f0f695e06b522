"""Parquet and CSV give the same texts, in bounded batches, and no row goes missing unseen."""

import gzip
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shopwright.adapters import csv_rows, table_files
from shopwright.adapters.table_files import TableFile
from shopwright.core.errors import BadInput
from shopwright.events.transaction_rows import Encoded, instant_us

LONDON = ZoneInfo("Europe/London")


def _texts(column: Encoded) -> list[str | None]:
    return [None if code < 0 else column.values[code] for code in column.codes]


def _column(table: TableFile, name: str) -> list[str | None]:
    return [text for batch in table.batches({"it": name}) for text in _texts(batch["it"])]


def _csv(tmp_path: Path, content: str | bytes, name: str = "t.csv") -> TableFile:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return TableFile(path)


def _parquet(tmp_path: Path, values: Sequence[object], kind: pa.DataType) -> TableFile:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": pa.array(values, kind)}), path)
    return TableFile(path)


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        (["x", None, "x", ""], pa.large_string(), ["x", None, "x", ""]),
        ([b"x"], pa.binary(), ["x"]),
        ([12, None, -3], pa.int32(), ["12", None, "-3"]),
        ([13085.0, None, float("nan")], pa.float64(), ["13085", None, "nan"]),
        ([6.95, 0.1, 1e-7], pa.float64(), ["6.95", "0.1", "1e-7"]),
        ([2.1, 6.95], pa.float32(), ["2.1", "6.95"]),
        ([Decimal("1.50")], pa.decimal128(9, 2), ["1.50"]),
        ([date(2010, 7, 1)], pa.date32(), ["2010-07-01"]),
        (["x", "y", None], pa.dictionary(pa.int8(), pa.string()), ["x", "y", None]),
        ([None, None], pa.null(), [None, None]),
    ],
)
def test_a_parquet_value_becomes_its_shortest_text(
    tmp_path: Path, values: list[object], kind: pa.DataType, texts: list[str | None]
) -> None:
    assert _column(_parquet(tmp_path, values, kind), "a") == texts


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize(
    ("zone", "utc"),
    [(None, datetime(2010, 7, 1, 6, 45)), ("America/New_York", datetime(2010, 7, 1, 7, 45))],
)
def test_a_timestamp_keeps_its_zone_and_one_without_is_the_stores(
    tmp_path: Path, unit: str, zone: str | None, utc: datetime
) -> None:
    wall = datetime(2010, 7, 1, 7, 45, tzinfo=ZoneInfo("UTC") if zone else None)
    (text,) = _column(_parquet(tmp_path, [wall], pa.timestamp(unit, zone)), "a")
    assert text is not None
    expected = int(utc.replace(tzinfo=ZoneInfo("UTC")).timestamp()) * 1_000_000
    assert instant_us(text, LONDON) == expected


def test_a_list_is_no_text(tmp_path: Path) -> None:
    table = _parquet(tmp_path, [[1]], pa.list_(pa.int8()))
    with pytest.raises(BadInput, match=r"t\.parquet: a: values of type list.*store it as text"):
        _column(table, "a")


def test_parquet_comes_in_bounded_batches_and_knows_its_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_files, "BATCH_ROWS", 10)
    table = _parquet(tmp_path, list(range(25)), pa.int64())
    sizes = [len(batch["it"].codes) for batch in table.batches({"it": "a"})]
    assert sizes == [10, 10, 5]
    assert table.rows == 25
    assert _column(table, "a") == [str(number) for number in range(25)]


def test_one_column_may_play_two_roles(tmp_path: Path) -> None:
    table = _csv(tmp_path, "a,b\n1,2\n")
    (batch,) = table.batches({"sku": "a", "title": "a"})
    assert _texts(batch["sku"]) == _texts(batch["title"]) == ["1"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_is_read_whatever_separates_it(tmp_path: Path, delimiter: str) -> None:
    text = '\ufeffa,b\r\n"say ""hi""",\r\n\r\n007,"two\nlines"\r\n'.replace(",", delimiter)
    table = _csv(tmp_path, text)
    assert table.columns == ("a", "b")
    assert table.rows is None
    assert _column(table, "a") == ['say "hi"', "007"]
    assert _column(table, "b") == ["", "two\nlines"]


def test_a_compressed_csv_is_read(tmp_path: Path) -> None:
    table = _csv(tmp_path, gzip.compress(b"a,b\n1,2\n3,4"), "t.csv.gz")
    assert _column(table, "b") == ["2", "4"]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_the_last_row_is_there_however_the_file_ends(tmp_path: Path, end: str) -> None:
    assert _column(_csv(tmp_path, f"a,b\n1,2\n3,4{end}"), "a") == ["1", "3"]
    assert _column(_csv(tmp_path, f"a\n1\n3{end}"), "a") == ["1", "3"]


def test_a_table_without_rows_is_a_table(tmp_path: Path) -> None:
    assert _column(_csv(tmp_path, "a,b\n"), "a") == []
    assert _column(_parquet(tmp_path, [], pa.int8()), "a") == []


def test_a_large_csv_comes_in_bounded_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 1 << 12)
    content = "a,b\n" + "".join(f"{number},x{number % 7}\n" for number in range(5_000))
    table = _csv(tmp_path, content)
    assert max(len(batch["it"].codes) for batch in table.batches({"it": "a"})) < 1_000
    assert _column(table, "a") == [str(number) for number in range(5_000)]
    assert _column(table, "b")[:3] == ["x0", "x1", "x2"]


def test_rows_that_cannot_be_split_are_kept_aside_with_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 64)
    bad = {0, 3, 4, 30, 59}
    rows = ["1,2,3" if number in bad else f"r{number},x" for number in range(60)]
    table = _csv(tmp_path, "a,b\n" + "\n".join(rows) + "\n")
    assert _column(table, "a") == [f"r{number}" for number in range(60) if number not in bad]
    assert [(row.place, row.text) for row in table.malformed] == [(n, "1,2,3") for n in sorted(bad)]
    places = [
        (int(place), text)
        for numbers, batch in table.numbered_batches()
        for place, text in zip(numbers, batch.column("a").to_pylist(), strict=True)
    ]
    assert places == [(n, f"r{n}") for n in range(60) if n not in bad]
    assert len(table.malformed) == len(bad)  # and reading again does not count them twice


@pytest.mark.parametrize(
    "rows", ['1,"2\n3,4\n', '1,2\n"3,4\n', '1,2\n3,"4', '1,"2\n' + "3,4\n" * 5_000]
)
def test_a_quoted_field_that_is_never_closed_swallows_nothing_unseen(
    tmp_path: Path, rows: str
) -> None:
    table = _csv(tmp_path, f"a,b\n{rows}")
    with pytest.raises(BadInput, match="a quoted field is never closed"):
        _column(table, "a")


def test_a_row_that_is_too_long_is_an_unclosed_quote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 1 << 12)
    table = _csv(tmp_path, "a,b\n" + "1,2\n" * 2_000 + '1,"' + "3,4\n" * 9_000)
    with pytest.raises(BadInput, match="never closed"):
        _column(table, "a")


def test_another_encoding_is_named_with_the_cure(tmp_path: Path) -> None:
    for encoded in ("a,b\n1,CAFÉ\n", "a,É\n1,2\n", "a,b\n1,2,É\n"):
        with pytest.raises(BadInput, match=r"not UTF-8.*iconv"):
            _csv(tmp_path, encoded.encode("latin-1"))


def test_too_many_broken_rows_are_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "MALFORMED_MAX", 3)
    with pytest.raises(BadInput, match="not a readable CSV table"):
        _column(_csv(tmp_path, "a,b\n" + "1\n" * 4), "a")


@pytest.mark.parametrize("content", [b"", b"PAR1 but no more", b"\x00\xff\x00"])
def test_what_is_no_table_is_refused_at_once(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.bin"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"t\.bin"):
        list(TableFile(path).batches({"it": "a"}))


def test_a_parquet_file_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    whole = _parquet(tmp_path, list(range(50_000)), pa.int64()).path.read_bytes()
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(whole[:200] + bytes(20_000) + whole[20_200:])
    with pytest.raises(BadInput, match="cannot be read to its end"):
        _column(TableFile(damaged), "a")
    damaged.write_bytes(whole[:-9])
    with pytest.raises(BadInput, match="not a whole Parquet file"):
        TableFile(damaged)


def test_a_path_that_is_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.csv"):
        with pytest.raises(BadInput, match="there is no such file"):
            TableFile(path)


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    first, same = _csv(tmp_path, "a\n1\n", "x.csv"), _csv(tmp_path, "a\n1\n", "y.csv")
    other = _csv(tmp_path, "a\n2\n", "z.csv")
    assert first.digest() == same.digest() != other.digest()
    assert len(first.digest()) == 64


def test_codes_point_at_the_texts_and_minus_one_at_nothing(tmp_path: Path) -> None:
    (batch,) = _parquet(tmp_path, ["b", None, "a", "b"], pa.string()).batches({"it": "a"})
    assert batch["it"].codes.dtype == np.int32
    assert batch["it"].codes.tolist()[1] == -1
    assert sorted(batch["it"].values) == ["a", "b"]
