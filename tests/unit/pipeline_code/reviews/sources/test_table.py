import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline_code.reviews.contract import TableSource
from pipeline_code.reviews.sources.rows import Fault, Reason, Row, SourceError
from pipeline_code.reviews.sources.table import read_table


def source(form: str, **changes: Any) -> TableSource:
    values = {
        "kind": "table",
        "tag": "shop",
        "licence": "CC0",
        "format": form,
        "files": f"*.{form}",
        "columns": {"id": "key", "text": "body", "rating": "stars"},
    }
    return TableSource.model_validate(values | changes)


def read(form: str, directory: Path, content: bytes, **changes: Any) -> list[Row | Fault]:
    (directory / f"in.{form}").write_bytes(content)
    return list(read_table(source(form, **changes), directory))


CASES = {
    "csv": b'\xef\xbb\xbfkey,extra,body,stars\n1,x,"good, really\nyes",5\n2,x,bad,1\n',
    "tsv": b'key\textra\tbody\tstars\n1\tx\tgood, really "yes\t5\n2\tx\tbad\t1\n',
    "jsonl": b'{"key": 1, "body": "good, really", "stars": 5}\n\n{"key": 2, "body": "bad", "stars": 1}\n',
}


@pytest.mark.parametrize("form", CASES)
def test_every_format_gives_the_same_rows(form: str, tmp_path: Path) -> None:
    rows = read(form, tmp_path, CASES[form])
    assert all(isinstance(row, Row) for row in rows)
    assert [(str(row.id), str(row.rating)) for row in rows if isinstance(row, Row)] == [
        ("1", "5"),
        ("2", "1"),
    ]
    assert str(rows[0].text if isinstance(rows[0], Row) else "").startswith("good, really")
    assert rows[1].row == {"csv": 4, "tsv": 3, "jsonl": 3}[form]


def test_parquet_reads_only_what_it_needs(tmp_path: Path) -> None:
    table = pa.table({"key": [1, 2], "body": ["good", None], "stars": [5.0, None], "other": [[1], [2]]})
    pq.write_table(table, tmp_path / "in.parquet")
    rows = list(read_table(source("parquet"), tmp_path))
    assert [(row.row, row.text, row.rating) for row in rows if isinstance(row, Row)] == [
        (1, "good", 5.0),
        (2, None, None),
    ]


@pytest.mark.parametrize(
    ("form", "line", "reason"),
    [
        ("csv", b"1,x,good", Reason.TOO_FEW_FIELDS),
        ("csv", b"1,x,good,5,6", Reason.TOO_MANY_FIELDS),
        ("csv", b"1,x,caf\xe9,5", Reason.UNDECODABLE),
        ("tsv", b"1\tx\tgood", Reason.TOO_FEW_FIELDS),
        ("jsonl", b"{", Reason.INVALID_JSON),
        ("jsonl", b"[1]", Reason.INVALID_JSON),
        ("jsonl", b'{"key": 1, "stars": 5}', Reason.MISSING_VALUE),
        ("jsonl", b'{"key": 1, "body": "\\ud800", "stars": 5}', Reason.UNDECODABLE),
    ],
)
def test_a_bad_row_is_a_fault_and_reading_goes_on(
    form: str, line: bytes, reason: Reason, tmp_path: Path
) -> None:
    head, _, rest = CASES[form].partition(b"\n") if form != "jsonl" else (b"", b"", CASES[form])
    rows = read(form, tmp_path, b"\n".join([head, line, rest]))
    assert isinstance(rows[0], Fault)
    assert (rows[0].row, rows[0].reason) == (2, reason)
    assert sum(isinstance(row, Row) for row in rows) == 2
    json.dumps(rows[0].record()).encode("utf-8")


def test_other_encodings_are_read(tmp_path: Path) -> None:
    (row,) = read("csv", tmp_path, "key,body,stars\n1,caf\u00e9,5\n".encode("cp1252"), encoding="cp1252")
    assert isinstance(row, Row)
    assert row.text == "caf\u00e9"


def test_a_missing_column_names_source_file_and_columns(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"'shop': in\.csv has no column 'stars' \(columns: key, body\)"):
        read("csv", tmp_path, b"key,body\n1,good\n")


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"in\.parquet is not readable Parquet"):
        read("parquet", tmp_path, b"PAR1 not really")


def test_raw_rows_are_capped() -> None:
    fault = Fault("a", 1, Reason.EMPTY_TEXT, "", "x" * 10_000)
    assert len(str(fault.record()["raw"])) < 600
