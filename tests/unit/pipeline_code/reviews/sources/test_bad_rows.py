"""Bad rows of every kind: each ends in quarantine with its place and a reason."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline_code.reviews.sources import Fault, Reason
from pipeline_code.reviews.validation import Review
from tests.unit.pipeline_code.reviews.sources.bad import HEAD, LONG, TABLE, judged, parquet

QUARANTINED: dict[str, tuple[str, bytes, Reason]] = {
    "latin-1 read as utf-8": ("csv", HEAD.encode() + b"1,caf\xe9,5\n", Reason.UNDECODABLE),
    "lone surrogate": ("jsonl", b'{"key": 1, "body": "\\ud800", "stars": 5}\n', Reason.UNDECODABLE),
    "NUL in a text": ("csv", HEAD.encode() + b"1,go\0od,5\n", Reason.NUL_CHARACTER),
    "NUL in an id": ("jsonl", b'{"key": "a\\u0000", "body": "x", "stars": 5}\n', Reason.NUL_CHARACTER),
    "too few fields": ("csv", HEAD.encode() + b"1,good\n", Reason.TOO_FEW_FIELDS),
    "comma not quoted": ("csv", HEAD.encode() + b"1,good, really,5\n", Reason.TOO_MANY_FIELDS),
    "text after the quotation mark": ("csv", HEAD.encode() + b'1,"good" phone,5\n', Reason.MALFORMED_CSV),
    "tab in a tsv": ("tsv", b"key\tbody\tstars\n1\tgo\tod\t5\n", Reason.TOO_MANY_FIELDS),
    "not JSON": ("jsonl", b"{key: 1}\n", Reason.INVALID_JSON),
    "a JSON list": ("jsonl", b'[{"key": 1, "body": "x", "stars": 5}]\n', Reason.INVALID_JSON),
    "a key twice": ("jsonl", b'{"key": 1, "body": "x", "body": "y", "stars": 5}\n', Reason.INVALID_JSON),
    "deep JSON": ("jsonl", b"[" * 100_000 + b"\n", Reason.INVALID_JSON),
    "a number of 5,000 digits": ("jsonl", b'{"key": ' + b"9" * 5000 + b"}\n", Reason.INVALID_JSON),
    "a line without end": ("jsonl", b'"' + b"x" * LONG + b'"\n', Reason.LINE_TOO_LONG),
    "a list as text": ("jsonl", b'{"key": 1, "body": ["x"], "stars": 5}\n', Reason.TEXT_NOT_A_STRING),
    "an object as id": ("jsonl", b'{"key": {"a": 1}, "body": "x", "stars": 5}\n', Reason.MISSING_VALUE),
    "no text": ("csv", HEAD.encode() + b"1,  ,5\n", Reason.EMPTY_TEXT),
    "only entities": ("csv", HEAD.encode() + b"1,&nbsp;,5\n", Reason.EMPTY_TEXT),
    "a text that is a book": ("csv", HEAD.encode() + b"1," + b"x" * 20_001 + b",5\n", Reason.TEXT_TOO_LONG),
    "no id": ("csv", HEAD.encode() + b",good,5\n", Reason.MISSING_VALUE),
    "no rating": ("csv", HEAD.encode() + b"1,good,\n", Reason.MISSING_RATING),
    "a rating in words": ("csv", HEAD.encode() + b"1,good,five\n", Reason.RATING_NOT_A_NUMBER),
    "a rating that is no number": ("csv", HEAD.encode() + b"1,good,NaN\n", Reason.RATING_NOT_A_NUMBER),
    "a rating off the scale": ("csv", HEAD.encode() + b"1,good,6\n", Reason.RATING_OUT_OF_RANGE),
    "true as rating": ("jsonl", b'{"key": 1, "body": "x", "stars": true}\n', Reason.RATING_NOT_A_NUMBER),
    "binary as text": ("parquet", parquet(TABLE | {"body": [b"x", b"y"]}), Reason.TEXT_NOT_A_STRING),
    "null in parquet": ("parquet", parquet(TABLE | {"body": pa.nulls(2, pa.string())}), Reason.EMPTY_TEXT),
}  # fmt: skip


@pytest.mark.parametrize("case", QUARANTINED)
def test_a_bad_row_ends_in_quarantine_with_its_reason(case: str, tmp_path: Path) -> None:
    form, content, reason = QUARANTINED[case]
    (tmp_path / f"in.{form}").write_bytes(content)
    items = judged(tmp_path, form)
    assert items
    for item in items:
        assert isinstance(item, Fault)
        assert (item.file, item.reason) == (f"in.{form}", reason)
        assert item.row > 0
        assert item.detail
        json.dumps(item.record(), ensure_ascii=False).encode()


def test_the_row_after_a_line_without_end_is_read(tmp_path: Path) -> None:
    good = b'{"key": 1, "body": "x", "stars": 5}\n'
    (tmp_path / "a.jsonl").write_bytes(b"x" * (2 * LONG) + b"\n" + good)
    fault, review = judged(tmp_path, "jsonl")
    assert isinstance(fault, Fault)
    assert len(fault.raw) <= LONG
    assert isinstance(review, Review)
