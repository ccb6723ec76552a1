"""List* as the service model describes it: filters, sorting and pages; what it cannot honour it refuses."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from botocore.model import ListShape

from local_cloud.sagemaker import model, pages
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.store import Record

Predicate = Callable[[Record, Any], bool]
_PAGE = 100
_FORM = frozenset({"MaxResults", "NextToken", "SortBy", "SortOrder"})
# Which executions, steps ... are asked for; whoever calls `respond` has picked those.
_SUBJECTS = frozenset({"PipelineExecutionArn"})
_TIME = re.compile(r"(Creation|LastModified)(?:Time)?(After|Before)|(Created)(After|Before)")
_FIELDS = {"FinalObjectiveMetricValue": "FinalHyperParameterTuningJobObjectiveMetric.Value"}


def _equal(path: str) -> Predicate:
    return lambda record, wanted: bool(_at(record, path) == wanted)


# Filters that read the same in every operation that has them.
_FILTERS: dict[str, Predicate] = {
    "PipelineNamePrefix": lambda record, wanted: str(record.get("PipelineName", "")).startswith(wanted),
    "FeatureGroupStatusEquals": _equal("FeatureGroupStatus"),
    "OfflineStoreStatusEquals": _equal("OfflineStoreStatus.Status"),
    "ModelApprovalStatus": _equal("ModelApprovalStatus"),
    "ModelCardStatus": _equal("ModelCardStatus"),
    "WarmPoolStatusEquals": _equal("WarmPoolStatus.Status"),
    "TrainingPlanArnEquals": _equal("TrainingPlanArn"),
    "ActionType": _equal("ActionType"),
    "ArtifactType": _equal("ArtifactType"),
    "ContextType": _equal("ContextType"),
    "SourceUri": _equal("Source.SourceUri"),
    "AssociationType": _equal("AssociationType"),
    "SourceType": _equal("SourceType"),
    "DestinationType": _equal("DestinationType"),
    "DestinationArn": _equal("DestinationArn"),
    "CrossAccountFilterOption": lambda record, wanted: bool(wanted == "SameAccount"),
}


def respond(
    operation: str,
    params: dict[str, Any],
    records: list[Record],
    *,
    name: str = "",
    status: str = "",
    handled: Collection[str] = (),
) -> dict[str, Any]:
    """The answer of a List operation: `records` filtered, sorted and cut into pages as `params` ask.

    Parameters
    ----------
    records : list
        Oldest first.
    name, status : str
        The record members that NameContains / SortBy=Name and StatusEquals / SortBy=Status read.
    handled : collection of str
        Members of the input that the caller has honoured itself.

    Raises
    ------
    ServiceError
        A filter or order that this cloud cannot honour, by name; a NextToken of another query.
    """
    tests = _tests(operation, params, name, status, handled)
    kept = [record for record in records if all(test(record) for test in tests)]
    ordered = _sorted(operation, params, kept, name, status)
    size = int(params.get("MaxResults") or default_size(operation))
    page, token = pages.cut(operation, params, ordered, size)
    answer: dict[str, Any] = {list_member(operation): page}
    if token:
        answer["NextToken"] = token
    return answer


@functools.cache
def list_member(operation: str) -> str:
    """The output member that holds the list."""
    members = model.output_members(operation)
    return next(name for name, shape in members.items() if isinstance(shape, ListShape))


@functools.cache
def default_order(operation: str) -> str:
    """The sort order the service documents for an operation when none is asked for."""
    return _documented(operation, "SortOrder", "Ascending|Descending") or "Descending"


@functools.cache
def default_field(operation: str) -> str:
    """What the service documents that an operation sorts by when nothing is asked for."""
    return _documented(operation, "SortBy", r"\w+") or "CreationTime"


@functools.cache
def default_size(operation: str) -> int:
    """How many results the service documents for a page when no number is asked for, else 100."""
    return int(_documented(operation, "MaxResults", r"\d+") or _PAGE)


def _documented(operation: str, member: str, value: str) -> str | None:
    shape = model.input_members(operation).get(member)
    text = re.sub(r"<[^>]+>", "", shape.documentation) if shape else ""
    found = re.search(rf"[Dd]efault(?:s)?(?: value)?(?: is| to)? ({value})\b", text)
    return found[1] if found else None


def _tests(
    operation: str, params: dict[str, Any], name: str, status: str, handled: Collection[str]
) -> list[Callable[[Record], bool]]:
    tests: list[Callable[[Record], bool]] = []
    required = set(model.required_members(operation))
    for member, wanted in params.items():
        if member in _FORM or member in _SUBJECTS or member in required or member in handled:
            continue
        predicate = _predicate(member, name, status)
        if predicate is None:
            raise validation(f"{operation}: the filter {member} is not supported here; leave it out.")
        tests.append(functools.partial(_apply, predicate, wanted))
    return tests


def _apply(predicate: Predicate, wanted: Any, record: Record) -> bool:
    return predicate(record, wanted)


def _predicate(member: str, name: str, status: str) -> Predicate | None:
    if member == "NameContains" and name:
        return lambda record, wanted: str(wanted).lower() in str(record.get(name, "")).lower()
    if member == "StatusEquals" and status:
        return _equal(status)
    matched = _TIME.fullmatch(member)
    if matched:
        stem, side = matched[1] or matched[3], matched[2] or matched[4]
        return _time("LastModifiedTime" if stem == "LastModified" else "CreationTime", side)
    return _FILTERS.get(member)


def _time(field: str, side: str) -> Predicate:
    def within(record: Record, limit: datetime) -> bool:
        at = record.get(field)
        return isinstance(at, datetime) and (at > limit if side == "After" else at < limit)

    return within


def _sorted(
    operation: str, params: dict[str, Any], records: list[Record], name: str, status: str
) -> list[Record]:
    asked = params.get("SortBy") or default_field(operation)
    own = {"Name": name, "Status": status, "CreatedTime": "CreationTime", "CreatedAt": "CreationTime"}
    field = own.get(asked) or _FIELDS.get(asked, asked)
    descending = (params.get("SortOrder") or default_order(operation)) == "Descending"
    ordered = records[::-1] if descending else list(records)
    values = [_at(record, field) for record in ordered]
    if all(value is None for value in values):
        if params.get("SortBy", "CreationTime") not in ("CreationTime", "Name", "Status") and records:
            raise validation(f"{operation}: SortBy {asked} is not supported here.")
        return ordered
    ordered.sort(key=lambda record: _order(_at(record, field)), reverse=descending)
    return ordered


def _order(value: Any) -> tuple[bool, Any]:
    """Records without a value come first, whatever the others hold."""
    return value is not None, value if value is not None else 0


def _at(record: Record, path: str) -> Any:
    value: Any = record
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
