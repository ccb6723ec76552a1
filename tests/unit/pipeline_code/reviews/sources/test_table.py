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
    with pytest.raises(SourceError, match=r"'shop': in\.csv has no column 'stars' \(2 columns: key, body\)"):
        read("csv", tmp_path, b"key,body\n1,good\n")


SECRETS = ["great phone", "Love it", "O'Brien, call 555-1234", "rating", "x" * 41]


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_a_file_without_header_does_not_show_its_first_review(form: str, tmp_path: Path) -> None:
    line = ("\t" if form == "tsv" else ",").join(f'"{cell}"' if "," in cell else cell for cell in SECRETS)
    with pytest.raises(SourceError) as caught:
        read(form, tmp_path, f"{line}\n".encode(), columns={"text": "body", "rating": "ratings"})
    message = str(caught.value)
    assert "5 columns in the first row, the nearest names: rating; is it a header?" in message
    assert not any(cell in message for cell in SECRETS if cell != "rating")


def test_of_a_header_only_what_looks_like_a_name_is_shown(tmp_path: Path) -> None:
    header = "key,body,what do you think? tell us!,caf\u00e9," + "y" * 41
    with pytest.raises(SourceError, match=r"'stars' \(5 columns: key, body, \.\.\.\); correct"):
        read("csv", tmp_path, f"{header}\n".encode())


def test_rows_and_errors_name_the_path_below_the_input(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "in.csv").write_text("key,body,stars\n1,good,5\n2,bad\n")
    rows = list(read_table(source("csv", files="**/*.csv"), tmp_path))
    assert [row.file for row in rows] == ["a/in.csv", "a/in.csv"]
    (tmp_path / "a" / "in.csv").write_text("key,body\n")
    with pytest.raises(SourceError, match=r"'shop': a/in\.csv has no column"):
        list(read_table(source("csv", files="**/*.csv"), tmp_path))


@pytest.mark.parametrize(
    ("encoding", "wrong"),
    [("utf-16-le", b"\x00\xd8a\x00"), ("utf-7", b"+z"), ("iso2022_jp", b"\x1b$Bz")],
)
def test_wrong_bytes_are_a_fault_in_every_encoding(encoding: str, wrong: bytes, tmp_path: Path) -> None:
    head, tail = "key,body,stars\n1,".encode(encoding), ",5\n".encode(encoding)
    (fault,) = read("csv", tmp_path, head + wrong + tail, encoding=encoding)
    assert isinstance(fault, Fault)


def test_parquet_timestamps_are_seconds_also_those_beyond_python(tmp_path: Path) -> None:
    values = {"key": ["1", "2"], "body": ["good", "bad"], "stars": [5, 1]}
    for unit, factor in {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}.items():
        late = 1_717_200_000_000 if unit in ("s", "ms") else 1
        when = pa.array([1_717_200_000 * factor, late * factor], pa.timestamp(unit))
        pq.write_table(pa.table(values | {"when": when}), tmp_path / "in.parquet")
        columns = {"id": "key", "text": "body", "rating": "stars", "event_time": "when"}
        rows = list(read_table(source("parquet", columns=columns), tmp_path))
        assert [row.event_time for row in rows if isinstance(row, Row)] == [1_717_200_000, late]


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"in\.parquet is not readable Parquet"):
        read("parquet", tmp_path, b"PAR1 not really")


def test_raw_rows_are_capped() -> None:
    fault = Fault("a", 1, Reason.EMPTY_TEXT, "", "x" * 10_000)
    assert len(str(fault.record()["raw"])) < 600
