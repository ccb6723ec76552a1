"""What all kinds have in common: create, describe, list, tag and delete; names that are missing or taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Account, told
from .kinds import KINDS, MODEL, Kind, method

NAMES = ("gamma", "Beta", "alpha")
JOBS = ("ProcessingJob", "TrainingJob", "TransformJob", "HyperParameterTuningJob")


def of(test: Callable[[Kind], bool]) -> pytest.MarkDecorator:
    """Run a case for every kind that passes a test."""
    return pytest.mark.parametrize("kind", [kind for kind in KINDS if test(kind)], ids=lambda kind: kind.name)


def matches(kind: Kind, account: Account, wanted: tuple[str, str], got: tuple[str, str], name: str) -> None:
    words = {"EndpointConfig": "endpoint configuration"}.get(kind.name, kind.name.lower())
    message = wanted[1].format(kind=kind.name, words=words, name=name, arn=kind.arn(account, name))
    assert got[0] == wanted[0]
    assert message in got[1]


def created_between(kind: Kind) -> tuple[str, str]:
    after = "CreationTimeAfter" if kind.has("List", "CreationTimeAfter") else "CreatedAfter"
    return after, after.replace("After", "Before")


@of(lambda kind: True)
def test_one_that_was_made_is_described(kind: Kind, account: Account) -> None:
    params = kind.params(account)
    made = kind.call(account, "Create", **{kind.id: "One-1"}, **params)
    arn = kind.arn(account, "One-1" if kind.name in JOBS else "one-1")
    assert made[f"{kind.name}Arn"] == arn
    described = kind.call(account, "Describe", **{kind.id: "One-1"})
    assert described[f"{kind.name}Arn"] == arn
    shape = MODEL.operation_model(kind.operation("Describe")).output_shape
    assert shape is not None
    kept = {key: value for key, value in {kind.id: "One-1", **params}.items() if key in shape.members}
    for key, value in kept.items():
        assert_within(value, described[key])
    at = described.get("CreationTime") or described["CreatedAt"]
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


def assert_within(given: Any, described: Any) -> None:
    """What was given is described; the service may have filled in more."""
    if isinstance(given, dict):
        for key, value in given.items():
            assert_within(value, described[key])
    elif isinstance(given, list) and len(given) == len(described):
        for one, other in zip(given, described, strict=True):
            assert_within(one, other)
    else:
        assert given == described


@of(lambda kind: True)
def test_one_that_is_not_there_is_missed_in_the_words_of_its_kind(kind: Kind, account: Account) -> None:
    got = account.refused(method(kind.operation("Describe")), **{kind.id: "not-there"})
    matches(kind, account, kind.missing, got, "not-there")


@of(lambda kind: True)
def test_a_name_is_given_once(kind: Kind, account: Account) -> None:
    kind.make(account, "one")
    with pytest.raises(ClientError) as caught:
        kind.make(account, "one")
    matches(kind, account, kind.taken, told(caught.value), "one")


@of(lambda kind: kind.name not in JOBS)
def test_one_that_is_deleted_is_gone(kind: Kind, account: Account) -> None:
    kind.make(account, "one")
    token = {"ClientRequestToken": "d" * 32} if kind.has("Delete", "ClientRequestToken") else {}
    kind.call(account, "Delete", **{kind.id: "one"}, **token)
    got = account.refused(method(kind.operation("Describe")), **{kind.id: "one"})
    matches(kind, account, kind.missing, got, "one")
    assert kind.summaries(kind.call(account, "List")) == []
    kind.make(account, "one")


@of(lambda kind: kind.name not in JOBS)
def test_what_is_not_there_cannot_be_deleted(kind: Kind, account: Account) -> None:
    token = {"ClientRequestToken": "d" * 32} if kind.has("Delete", "ClientRequestToken") else {}
    got = account.refused(method(kind.operation("Delete")), **{kind.id: "not-there"}, **token)
    matches(kind, account, kind.missing, got, "not-there")


@of(lambda kind: True)
def test_lists_come_in_pages(kind: Kind, account: Account) -> None:
    for name in NAMES:
        kind.make(account, name)
    first = kind.call(account, "List", MaxResults=2)
    assert len(kind.summaries(first)) == 2
    second = kind.call(account, "List", MaxResults=2, NextToken=first["NextToken"])
    assert "NextToken" not in second
    seen = [one[kind.id] for one in kind.summaries(first) + kind.summaries(second)]
    assert sorted(seen) == sorted(NAMES)
    paginator = account.sagemaker.get_paginator(method(kind.operation("List")))
    pages = paginator.paginate(PaginationConfig={"PageSize": 1})
    assert [one[kind.id] for page in pages for one in kind.summaries(page)] == seen


@of(lambda kind: kind.has("List", "SortBy"))
def test_lists_are_sorted_by_name_or_time_either_way(kind: Kind, account: Account) -> None:
    for name in NAMES:
        kind.make(account, name)

    def listed(**params: Any) -> list[str]:
        return [one[kind.id] for one in kind.summaries(kind.call(account, "List", **params))]

    by_time = listed(SortBy="CreationTime", SortOrder="Ascending")
    assert by_time == list(NAMES)
    assert listed(SortBy="CreationTime", SortOrder="Descending") == by_time[::-1]
    by_name = listed(SortBy="Name", SortOrder="Ascending")
    assert by_name in (sorted(NAMES), sorted(NAMES, key=str.lower))  # nobody documents which
    assert listed(SortBy="Name", SortOrder="Descending") == by_name[::-1]


@of(lambda kind: kind.has("List", "NameContains"))
def test_lists_are_searched_by_a_part_of_the_name(kind: Kind, account: Account) -> None:
    for name in NAMES:
        kind.make(account, name)
    found = kind.summaries(kind.call(account, "List", NameContains="mm"))
    assert [one[kind.id] for one in found] == ["gamma"]
    assert kind.summaries(kind.call(account, "List", NameContains="zz")) == []


@of(lambda kind: True)
def test_lists_are_limited_to_a_time(kind: Kind, account: Account) -> None:
    kind.make(account, "one")
    after, before = created_between(kind)
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    within = kind.call(account, "List", **{after: now - hour, before: now + hour})
    assert [one[kind.id] for one in kind.summaries(within)] == ["one"]
    assert kind.summaries(kind.call(account, "List", **{after: now + hour})) == []
    assert kind.summaries(kind.call(account, "List", **{before: now - hour})) == []


@of(lambda kind: True)
def test_a_token_that_no_list_gave_is_refused(kind: Kind, account: Account) -> None:
    code, _ = account.refused(method(kind.operation("List")), NextToken="made-up")
    assert code == "ValidationException"


@of(lambda kind: kind.name not in ("ModelPackage",))
def test_tags_are_kept_added_overwritten_and_removed(kind: Kind, account: Account) -> None:
    made = kind.make(account, "one", Tags=[{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "1"}])
    arn = made[f"{kind.name}Arn"]
    sagemaker = account.sagemaker

    def tags() -> dict[str, str]:
        return {one["Key"]: one["Value"] for one in sagemaker.list_tags(ResourceArn=arn)["Tags"]}

    assert tags() == {"team": "a", "cost": "1"}
    added = sagemaker.add_tags(
        ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}, {"Key": "x", "Value": ""}]
    )
    assert {one["Key"] for one in added["Tags"]} >= {"team", "x"}
    assert tags() == {"team": "b", "cost": "1", "x": ""}
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["cost", "x", "never"])
    assert tags() == {"team": "b"}


@of(lambda kind: kind.name != "ModelPackage")
def test_a_name_must_match_its_pattern(kind: Kind, account: Account) -> None:
    params = kind.params(account)
    code, message = account.refused(method(kind.operation("Create")), **{kind.id: "a b"}, **params)
    spelt = kind.id[0].lower() + kind.id[1:]
    assert code == "ValidationException"
    start = rf"1 validation error detected: Value 'a b' at '{spelt}' failed to satisfy constraint: "
    assert re.match(start + "Member must satisfy regular expression pattern: ", message), message


@of(lambda kind: True)
def test_a_name_has_a_longest(kind: Kind, account: Account) -> None:
    params = kind.params(account)
    code, message = account.refused(method(kind.operation("Create")), **{kind.id: "a" * 300}, **params)
    assert code == "ValidationException"
    assert "failed to satisfy constraint: Member must have length less than or equal to " in message
