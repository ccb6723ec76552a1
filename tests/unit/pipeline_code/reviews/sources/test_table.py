import gzip
import io
import json
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline_code.reviews.contract import TableSource
from pipeline_code.reviews.sources import Fault, Reason, Row, SourceError
from pipeline_code.reviews.sources.table import read_table, read_table_file


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


def packed(content: bytes, form: str, packing: str) -> tuple[str, bytes]:
    """File name and bytes of `content`, packed."""
    if packing == "gz":
        return f"in.{form}.gz", gzip.compress(content)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._in", b"not to be read")
        archive.writestr(f"in.{form}", content)
    return f"in.{form}.zip", buffer.getvalue()


def as_parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"key": [1, 2], "body": ["good", "bad"], "stars": [5, 1]}), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("packing", ["gz", "zip"])
@pytest.mark.parametrize("form", [*CASES, "parquet"])
def test_packed_files_give_the_rows_of_plain_ones(form: str, packing: str, tmp_path: Path) -> None:
    content = as_parquet() if form == "parquet" else CASES[form]
    plain = read(form, tmp_path, content)
    (tmp_path / f"in.{form}").unlink()
    name, data = packed(content, form, packing)
    (tmp_path / name).write_bytes(data)
    rows = list(read_table(source(form, files=f"*.{packing}"), tmp_path))
    shown = name if packing == "gz" else f"{name}!in.{form}"
    assert [row.file for row in rows] == [shown, shown]
    assert [(row.row, row.raw) for row in rows] == [(row.row, row.raw) for row in plain]


def test_the_members_of_a_zip_are_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("2.csv", "key,body,stars\n2,good,5\n")
        archive.writestr("1.csv", "stars,body,key\n5,good,1\n")
        archive.writestr("README.md", "reviews of 2020")
    for name, key in {"a.csv": 0, "c.csv": 3}.items():
        (tmp_path / name).write_text(f"key,body,stars\n{key},good,5\n")
    shop = source("csv", files="*.*", members="*.csv")
    rows = [row for row in read_table(shop, tmp_path) if isinstance(row, Row)]
    assert [(row.file_index, row.file, row.id) for row in rows] == [
        (0, "a.csv", "0"),
        (1, "b.zip!1.csv", "1"),
        (2, "b.zip!2.csv", "2"),
        (3, "c.csv", "3"),
    ]
    alone = [list(read_table_file(shop, tmp_path, tmp_path / name)) for name in ("a.csv", "b.zip", "c.csv")]
    assert [row for some in alone for row in some] == rows


def test_attributes_and_required_columns_are_read(tmp_path: Path) -> None:
    extra = {"attributes": {"size": "Size"}, "required": ["Title"]}
    content = b"key,body,stars,Size,Title\n1,good,5,4,Great\n2,bad,1,,\n"
    first, second = read("csv", tmp_path, content, **extra)
    assert isinstance(first, Row)
    assert first.attributes == {"size": "4"}
    assert isinstance(second, Fault)
    assert (second.reason, second.detail) == (Reason.MISSING_VALUE, "the required 'Title' is missing")


def test_attributes_are_the_same_text_from_every_format(tmp_path: Path) -> None:
    rows = read("csv", tmp_path, b"key,body,stars,Size\n1,good,5,4\n", attributes={"size": "Size"})
    line = b'{"key": 1, "body": "good", "stars": 5, "Size": 4}\n'
    rows += read("jsonl", tmp_path, line, attributes={"size": "Size"})
    table = pa.table({"key": ["1"], "body": ["good"], "stars": [5], "Size": pa.array([4.0])})
    pq.write_table(table, tmp_path / "in.parquet")
    rows += read_table(source("parquet", attributes={"size": "Size"}), tmp_path)
    assert [row.attributes for row in rows if isinstance(row, Row)] == [{"size": "4"}] * 3


def test_wrong_bytes_in_parquet_are_a_fault_of_their_row(tmp_path: Path) -> None:
    body = pa.array([b"good", b"caf\xe9", None]).view(pa.string())
    pq.write_table(pa.table({"key": [1, 2, 3], "body": body, "stars": [5, 5, 5]}), tmp_path / "in.parquet")
    first, second, third = read_table(source("parquet"), tmp_path)
    assert isinstance(first, Row)
    assert isinstance(second, Fault)
    assert (second.row, second.reason) == (2, Reason.UNDECODABLE)
    assert isinstance(third, Row)
    assert third.text is None


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"]
)
def test_a_byte_order_mark_is_no_part_of_the_header(encoding: str, tmp_path: Path) -> None:
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    content = f"{mark}key,body,stars\n1,caf\u00e9,5\n".encode(encoding)
    (row,) = read("csv", tmp_path, content, encoding=encoding)
    assert isinstance(row, Row)
    assert (row.id, row.text) == ("1", "caf\u00e9")


def test_a_row_after_a_malformed_one_is_read(tmp_path: Path) -> None:
    fault, row = read("csv", tmp_path, b'key,body,stars\n1,"good" phone,5\n2,bad,1\n')
    assert isinstance(fault, Fault)
    assert (fault.row, fault.reason, fault.raw) == (2, Reason.MALFORMED_CSV, '1,"good" phone,5')
    assert isinstance(row, Row)
    assert (row.row, row.id) == (3, "2")


def test_a_stray_quotation_mark_does_not_join_two_rows(tmp_path: Path) -> None:
    rows = read("csv", tmp_path, b'key,body,stars\n1,"good,5\n2,"bad",1\n3,fine,4\n')
    assert [row.text for row in rows if isinstance(row, Row)] == ["fine"]
    assert [row.reason for row in rows if isinstance(row, Fault)] == [Reason.MALFORMED_CSV]


def test_columns_in_another_order_are_no_drift(tmp_path: Path) -> None:
    for name, line in {
        "a.jsonl": '{"key": 1, "body": "good", "stars": 5}',
        "b.jsonl": '{"stars": 1, "body": "bad", "key": 2, "more": 0}',
    }.items():
        (tmp_path / name).write_text(line)
    assert len(list(read_table(source("jsonl"), tmp_path))) == 2


def test_integers_and_floats_are_one_kind_and_an_empty_column_is_of_any(tmp_path: Path) -> None:
    kinds = {"a": pa.array([5]), "b": pa.array([4.5]), "c": pa.array([None]), "d": pa.array([3], pa.int8())}
    for name, stars in kinds.items():
        pq.write_table(pa.table({"key": ["1"], "body": ["x"], "stars": stars}), tmp_path / f"{name}.parquet")
    assert [row.rating for row in read_table(source("parquet"), tmp_path) if isinstance(row, Row)] == [
        5,
        4.5,
        None,
        3,
    ]


@pytest.mark.parametrize("form", ["csv", "jsonl", "csv.gz"])
def test_reading_does_not_hold_the_file(form: str, tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        if form == "jsonl":
            content = "".join(f'{{"key": {number}, "body": "good", "stars": 5}}\n' for number in range(rows))
        else:
            content = "key,body,stars\n" + "".join(f"{number},good,5\n" for number in range(rows))
        data = content.encode()
        (tmp_path / f"in.{form}").write_bytes(gzip.compress(data) if form.endswith("gz") else data)
        tracemalloc.start()
        try:
            shop = source(form.removesuffix(".gz"), files=f"*.{form}")
            assert sum(1 for _ in read_table(shop, tmp_path)) == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(60_000) < 1.2 * peak(6_000)
