"""Lists as the service model describes them: every filter and order is honoured or refused by name."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_cloud.sagemaker import listing, operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _records(*names: str) -> list[dict[str, Any]]:
    return [
        {
            "TrainingJobName": name,
            "TrainingJobArn": f"arn:{name}",
            "TrainingJobStatus": "Failed" if name == "b" else "Completed",
            "CreationTime": NOON + timedelta(minutes=at),
            "LastModifiedTime": NOON - timedelta(minutes=at),
        }
        for at, name in enumerate(names)
    ]


def _jobs(params: dict[str, Any], records: list[dict[str, Any]] | None = None) -> str:
    found = records if records is not None else _records("c", "b", "a")
    named = {"name": "TrainingJobName", "status": "TrainingJobStatus"}
    answer = listing.respond("ListTrainingJobs", params, found, **named)
    return "".join(one["TrainingJobName"] for one in answer["TrainingJobSummaries"])


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, "cba"),  # documented: by creation time, ascending
        ({"SortOrder": "Descending"}, "abc"),
        ({"SortBy": "Name"}, "abc"),
        ({"SortBy": "Name", "SortOrder": "Descending"}, "cba"),
        ({"SortBy": "Status", "SortOrder": "Descending"}, "bac"),
        ({"StatusEquals": "Failed"}, "b"),
        ({"NameContains": "A"}, "a"),
        ({"CreationTimeAfter": NOON}, "ba"),
        ({"CreationTimeBefore": NOON + timedelta(minutes=2)}, "cb"),
        ({"LastModifiedTimeAfter": NOON - timedelta(minutes=1)}, "c"),
        ({"LastModifiedTimeBefore": NOON - timedelta(minutes=1)}, "a"),
        ({"WarmPoolStatusEquals": "Available"}, ""),
    ],
)
def test_filters_and_orders_are_honoured(params: dict[str, Any], found: str) -> None:
    assert _jobs(params) == found


def test_what_cannot_be_honoured_is_refused_by_name() -> None:
    with pytest.raises(ServiceError, match="ListInferenceRecommendationsJobs: the filter ModelNameEquals"):
        listing.respond("ListInferenceRecommendationsJobs", {"ModelNameEquals": "m"}, [])
    with pytest.raises(ServiceError, match="the filter NameContains is not supported"):
        listing.respond("ListModels", {"NameContains": "m"}, [])
    asked = {"SortBy": "OfflineStoreStatus"}
    with pytest.raises(ServiceError, match="SortBy OfflineStoreStatus"):
        listing.respond("ListFeatureGroups", asked, [{"FeatureGroupName": "g"}])


def test_the_documented_defaults_hold() -> None:
    assert listing.default_size("ListEndpoints") == 10
    assert listing.default_size("ListModels") == 100
    assert listing.default_field("ListHyperParameterTuningJobs") == "Name"
    assert listing.default_order("ListModels") == "Descending"
    assert listing.default_order("ListProcessingJobs") == "Ascending"


def _page(records: list[dict[str, Any]], **params: Any) -> tuple[list[str], str | None]:
    asked = {"MaxResults": 2, "SortOrder": "Descending", **params}
    answer = listing.respond("ListTrainingJobs", asked, records, name="TrainingJobName")
    names = [one["TrainingJobName"] for one in answer["TrainingJobSummaries"]]
    return names, answer.get("NextToken")


def test_a_page_goes_on_behind_the_last_one_though_the_list_has_changed() -> None:
    names, token = _page(_records("a", "b", "c", "d"))
    assert names == ["d", "c"]
    assert _page(_records("a", "b", "c", "d", "e"), NextToken=token) == (["b", "a"], None)
    without_last = [one for one in _records("a", "b", "c", "d") if one["TrainingJobName"] != "c"]
    assert _page(without_last, NextToken=token) == (["b", "a"], None)


def test_who_deletes_each_page_sees_all() -> None:
    records, seen, token = _records(*"abcdefg"), [], None
    while True:
        page, token = _page(records, **({"NextToken": token} if token else {}))
        seen += page
        records = [one for one in records if one["TrainingJobName"] not in page]
        if token is None:
            break
    assert (sorted(seen), records) == (list("abcdefg"), [])


@pytest.mark.parametrize("change", [{"SortOrder": "Ascending"}, {"NameContains": "a"}])
def test_a_token_belongs_to_its_query(change: dict[str, Any]) -> None:
    _, token = _page(_records("a", "b", "c"))
    with pytest.raises(ServiceError, match="Invalid NextToken"):
        _page(_records("a", "b", "c"), NextToken=token, **change)
    assert _page(_records("a", "b", "c"), NextToken=token, MaxResults=5) == (["a"], None)


@pytest.mark.parametrize("token", ["", "bm8=", "not base64!", "WyJ4IiwgMSwgInkiXQ=="])
def test_a_token_of_nobody_is_refused(token: str) -> None:
    with pytest.raises(ServiceError, match="Invalid NextToken") as caught:
        _page(_records("a", "b", "c"), NextToken=token)
    assert caught.value.code == "ValidationException"


def test_a_group_lists_versions_by_its_arn(ctx: Context) -> None:
    group = operations.call(ctx, "CreateModelPackageGroup", {"ModelPackageGroupName": "g"})
    operations.call(ctx, "CreateModelPackage", {"ModelPackageGroupName": "g"})
    asked = {"ModelPackageGroupName": group["ModelPackageGroupArn"]}
    assert len(operations.call(ctx, "ListModelPackages", asked)["ModelPackageSummaryList"]) == 1
    other = {"CrossAccountFilterOption": "CrossAccount"}
    assert operations.call(ctx, "ListModelPackageGroups", other)["ModelPackageGroupSummaryList"] == []
