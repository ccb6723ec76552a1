"""List* as the service model describes it: filters, sorting and pages."""

from __future__ import annotations

import base64
import functools
import json
import re
from datetime import datetime
from typing import Any

from botocore.model import ListShape

from local_cloud.sagemaker import model
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.store import Record

_PAGE = 100
_SORT_FIELDS = {
    "CreatedTime": "CreationTime",
    "CreatedAt": "CreationTime",
    "CreationTime": "CreationTime",
    "LastModifiedTime": "LastModifiedTime",
    "PipelineExecutionArn": "PipelineExecutionArn",
    "PipelineExecutionStatus": "PipelineExecutionStatus",
}

_RANGES = {
    "CreationTime": ("CreationTime", "Created"),
    "LastModifiedTime": ("LastModifiedTime", "LastModified"),
}


def respond(
    operation: str, params: dict[str, Any], records: list[Record], *, name: str = "", status: str = ""
) -> dict[str, Any]:
    """The answer of a List operation: `records` filtered, sorted and cut into pages as `params` ask.

    Parameters
    ----------
    records : list
        Oldest first.
    name, status : str
        The record members that NameContains / SortBy=Name and StatusEquals / SortBy=Status read.
    """
    kept = [record for record in records if _passes(record, params, name, status)]
    kept = _sorted(operation, params, kept, name, status)
    key = list_member(operation)
    start = _start(params.get("NextToken"))
    size = int(params.get("MaxResults") or _PAGE)
    answer: dict[str, Any] = {key: kept[start : start + size]}
    if start + size < len(kept):
        answer["NextToken"] = base64.urlsafe_b64encode(json.dumps(start + size).encode()).decode()
    return answer


@functools.cache
def list_member(operation: str) -> str:
    """The output member that holds the list."""
    members = model.output_members(operation)
    return next(name for name, shape in members.items() if isinstance(shape, ListShape))


@functools.cache
def default_order(operation: str) -> str:
    """The sort order the service documents for an operation when none is asked for."""
    shape = model.input_members(operation).get("SortOrder")
    found = re.search(r"[Dd]efault[^.]*?(Ascending|Descending)", shape.documentation if shape else "")
    return found[1] if found else "Descending"


def _passes(record: Record, params: dict[str, Any], name: str, status: str) -> bool:
    wanted = params.get("NameContains")
    if wanted and wanted.lower() not in str(record.get(name, "")).lower():
        return False
    if params.get("StatusEquals") and record.get(status) != params["StatusEquals"]:
        return False
    for field, prefixes in _RANGES.items():
        after = next((params[f"{one}After"] for one in prefixes if f"{one}After" in params), None)
        before = next((params[f"{one}Before"] for one in prefixes if f"{one}Before" in params), None)
        at = record.get(field)
        if isinstance(at, datetime) and ((after and at <= after) or (before and at >= before)):
            return False
    return True


def _sorted(
    operation: str, params: dict[str, Any], records: list[Record], name: str, status: str
) -> list[Record]:
    asked = params.get("SortBy", "CreationTime")
    field = {"Name": name, "Status": status}.get(asked) or _SORT_FIELDS.get(asked, "CreationTime")
    descending = (params.get("SortOrder") or default_order(operation)) == "Descending"
    ordered = records[::-1] if descending else list(records)
    if all(field in record for record in ordered):
        ordered.sort(key=lambda record: record[field], reverse=descending)
    return ordered


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(token)))
    except ValueError:
        raise validation(f"NextToken '{token}' is not one that this operation gave") from None
