"""The operations Search and GetSearchSuggestions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from local_cloud.sagemaker import model, pages
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.search import expressions, properties
from local_cloud.sagemaker.search.subjects import Subject, subject_of
from local_cloud.sagemaker.store import Record

_PAGE = 100
_MOST_SUGGESTIONS = 20


@operation("Search")
def search(ctx: Context, params: Params) -> Params:
    """Resources of one kind that an expression holds for, in order and in pages."""
    subject = subject_of(params["Resource"])
    holds = expressions.compiled(params.get("SearchExpression", {}), _checked(subject))
    seen = _visible(params)
    found = []
    if params.get("CrossAccountFilterOption", "SameAccount") == "SameAccount":
        for record in subject.records(ctx):
            view = properties.view(record)
            if holds(view) and seen(view):
                found.append((record, view))
    ordered = _ordered(subject, params, found)
    page, token = pages.cut("Search", params, ordered, params.get("MaxResults") or _PAGE)
    answer: Params = {
        "Results": [{subject.member: subject.shown(record)} for record in page],
        "TotalHits": {"Value": len(ordered), "Relation": "EqualTo"},
    }
    if token:
        answer["NextToken"] = token
    return answer


@operation("GetSearchSuggestions")
def suggestions(ctx: Context, params: Params) -> Params:
    """Names of properties that begin with a hint: those of the model, and those that resources have."""
    subject = subject_of(params["Resource"])
    query = params.get("SuggestionQuery", {}).get("PropertyNameQuery", {})
    hint = str(query.get("PropertyNameHint", "")).lower()
    names = set(_members(subject))
    for record in subject.records(ctx):
        names.update(properties.paths(properties.view(record)))
    known = {*_members(subject), *properties.DERIVED}  # records hold more than what is shown of them
    kept = sorted(name for name in names if name.lower().startswith(hint) and name.partition(".")[0] in known)
    return {"PropertyNameSuggestions": [{"PropertyName": name} for name in kept[:_MOST_SUGGESTIONS]]}


def _checked(subject: Subject) -> Callable[[str], None]:
    """Refuses a property that the resource does not have."""
    known = {*_members(subject), *properties.DERIVED}

    def check(name: str) -> None:
        if name.partition(".")[0] not in known:
            raise validation(
                f"Unknown property name: {name}. Properties of {subject.resource}: {', '.join(sorted(known))}"
            )

    return check


def _members(subject: Subject) -> list[str]:
    results: Any = model.output_members("Search")["Results"]
    shape = results.member.members[subject.member]
    # The result of a model wraps the model itself beside what else is known about it.
    return list(shape.members[subject.member].members if subject.wrapped else shape.members)


def _visible(params: Params) -> Callable[[Record], bool]:
    """Whether a record bears one of the tags that VisibilityConditions name, when there are some."""
    conditions = params.get("VisibilityConditions", [])
    filters = [{"Name": one["Key"], "Value": one.get("Value", "")} for one in conditions]
    wrong = [one["Name"] for one in filters if not one["Name"].startswith("Tags.")]
    if wrong:
        raise validation(f"The Key of a visibility condition has the form Tags.<key>, not '{wrong[0]}'.")
    if not filters:
        return lambda view: True
    return expressions.compiled({"Filters": filters, "Operator": "Or"}, lambda name: None)


def _ordered(subject: Subject, params: Params, found: list[tuple[Record, Record]]) -> list[Record]:
    name = params.get("SortBy", "LastModifiedTime")
    if "SortBy" in params:
        _checked(subject)(name)

    def key(one: tuple[Record, Record]) -> tuple[int, Any]:
        value = next(iter(properties.values(one[1], name)), None)
        if isinstance(value, datetime):
            return 2, value.timestamp()
        number = expressions.number(value)
        if number is not None:
            return 2, number
        return (0, "") if value is None else (1, str(value))

    descending = params.get("SortOrder", "Descending") == "Descending"
    return [record for record, _ in sorted(found, key=key, reverse=descending)]
