"""Filters and joins of batch transform, and how objects become requests."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs import association
from local_cloud.sagemaker.jobs.jsonpath import NotThere, compile_path
from local_cloud.sagemaker.jobs.records import Cutter, TooLarge

DOCUMENT = {"id": 7, "features": [1, 2, 3, 4], "meta": {"it's": True, "tag": "x"}}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", DOCUMENT),
        ("$.features", [1, 2, 3, 4]),
        ("$['features']", [1, 2, 3, 4]),
        ("$.meta.tag", "x"),
        ('$["meta"]["it\'s"]', True),
        ("$['id','meta']", {"id": 7, "meta": DOCUMENT["meta"]}),
        ("$.features[0]", 1),
        ("$.features[-1]", 4),
        ("$.features[1:]", [2, 3, 4]),
        ("$.features[:-1]", [1, 2, 3]),
        ("$.features[0,2:]", [1, 3, 4]),
        ("$.meta.*", [True, "x"]),
        ("$.features[*]", [1, 2, 3, 4]),
    ],
)
def test_a_path_selects(path: str, found: object) -> None:
    assert compile_path(path, "InputFilter").select(DOCUMENT) == found


@pytest.mark.parametrize("path", ["$.none", "$.features[4]", "$.id[0]", "$.features.x", "$.id.*"])
def test_what_is_not_there_is_an_error(path: str) -> None:
    with pytest.raises(NotThere):
        compile_path(path, "InputFilter").select(DOCUMENT)


@pytest.mark.parametrize("path", ["features", "$..id", "$[?(@.id)]", "$.a b", "$[x]", "$["])
def test_other_expressions_are_refused_by_name(path: str) -> None:
    with pytest.raises(ServiceError, match="DataProcessing.InputFilter"):
        compile_path(path, "DataProcessing.InputFilter")


def _association(content_type: str, accept: str = "", **processing: str) -> association.Association:
    request: dict[str, Any] = {
        "TransformInput": {"ContentType": content_type},
        "TransformOutput": {"Accept": accept} if accept else {},
        "DataProcessing": processing,
    }
    return association.of(request)


def test_rows_are_filtered_and_joined_as_the_service_documents() -> None:
    rows = _association("text/csv", InputFilter="$[1:]", OutputFilter="$[0,-1]", JoinSource="Input")
    assert rows.before(b'7,"a, b",3') == b'"a, b",3'
    assert rows.after(b'7,"a, b",3', b"0.5\n") == b"7,0.5"
    assert rows.per_record


def test_documents_are_joined_under_the_service_s_names() -> None:
    documents = _association("application/json", JoinSource="Input", OutputFilter="$['id','SageMakerOutput']")
    after = documents.after(b'{"id": 1, "text": "fine"}', b'{"label": "positive"}')
    assert json.loads(after) == {"id": 1, "SageMakerOutput": {"label": "positive"}}
    plain = _association("application/jsonlines", JoinSource="Input")
    assert json.loads(plain.after(b"[1,2]", b"0.5")) == {"SageMakerInput": [1, 2], "SageMakerOutput": 0.5}


def test_without_filters_nothing_is_read() -> None:
    idle = _association("application/x-npy")
    assert (idle.idle, idle.per_record) == (True, False)
    assert idle.before(b"\x93NUMPY") == b"\x93NUMPY"


@pytest.mark.parametrize(
    ("content_type", "accept"), [("", ""), ("application/x-npy", ""), ("text/csv", "application/json")]
)
def test_a_join_needs_csv_or_json_on_both_sides(content_type: str, accept: str) -> None:
    with pytest.raises(ServiceError, match="DataProcessing needs a ContentType"):
        _association(content_type, accept, JoinSource="Input")


@pytest.mark.parametrize(
    ("record", "answer", "named"),
    [(b"1,2", b"3\n4", "2 rows"), (b"1,2", b"\xff", "not CSV"), (b"1", b"2", "does not fit")],
)
def test_what_cannot_be_joined_says_why(record: bytes, answer: bytes, named: str) -> None:
    rows = _association("text/csv", JoinSource="Input", OutputFilter="$[0,2]")
    with pytest.raises(association.BadRecord, match=named):
        rows.after(record, answer)


def _payloads(
    tmp_path: Path, body: bytes, *, most: int = 0, zipped: bool = False, **how: bool
) -> list[bytes]:
    (tmp_path / "in").write_bytes(gzip.compress(body) if zipped else body)
    cutter = Cutter(**{"lines": True, "several": True, **how}, most=most, before=bytes.upper)
    return [batch.payload for batch in cutter.batches(tmp_path / "in", zipped=zipped)]


def test_lines_go_one_by_one_or_as_many_as_fit(tmp_path: Path) -> None:
    body = b"one\ntwo\n\nthree\nfour"
    assert _payloads(tmp_path, body, several=False) == [b"ONE", b"TWO", b"THREE", b"FOUR"]
    assert _payloads(tmp_path, body, most=7) == [b"ONE\nTWO", b"THREE", b"FOUR"]
    assert _payloads(tmp_path, body) == [b"ONE\nTWO\nTHREE\nFOUR"]
    assert _payloads(tmp_path, body, lines=False) == [body.upper()]
    assert _payloads(tmp_path, body, zipped=True, several=False)[2] == b"THREE"
    assert _payloads(tmp_path, b"") == []


def test_a_record_that_fits_into_no_request_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="a record has 5 bytes"):
        _payloads(tmp_path, b"one\nthree", most=4)
