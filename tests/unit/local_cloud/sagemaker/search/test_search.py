"""Search: expressions, order, pages and what cannot be asked."""

from typing import Any

import pytest

from local_cloud.sagemaker import operations, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import ServiceError

S3 = {"S3DataType": "S3Prefix"}
JOBS = {
    "a": ({"lr": "0.10", "epochs": "3"}, 0.7, "Completed"),
    "b": ({"lr": "0.01", "epochs": "10"}, 0.9, "Completed"),
    "c": ({"lr": "0.5"}, 0.8, "Failed"),
}


@pytest.fixture
def jobs(ctx: Context) -> None:
    for name, (hyperparameters, accuracy, status) in JOBS.items():
        record = {
            "TrainingJobName": name,
            "HyperParameters": hyperparameters,
            "TrainingJobStatus": status,
            "FinalMetricDataList": [{"MetricName": "accuracy", "Value": accuracy, "Timestamp": now()}],
            "InputDataConfig": [
                {"ChannelName": "train", "DataSource": {"S3DataSource": {**S3, "S3Uri": f"s3://b/{name}"}}},
                {"ChannelName": "test", "DataSource": {"S3DataSource": {**S3, "S3Uri": "s3://b/test"}}},
            ],
            "Tags": [{"Key": "team", "Value": "red" if name == "a" else "blue"}],
        }
        resources.create(ctx, "TrainingJob", name, record)


def _filter(name: str, operator: str | None = None, value: str | None = None) -> dict[str, Any]:
    given = {"Name": name, "Operator": operator, "Value": value}
    return {key: item for key, item in given.items() if item is not None}


def _found(ctx: Context, expression: dict[str, Any] | None = None, **more: Any) -> list[str]:
    asked = {"SearchExpression": expression} if expression else {}
    params = {"Resource": "TrainingJob", "SortBy": "TrainingJobName", "SortOrder": "Ascending"}
    answer = operations.call(ctx, "Search", {**params, **asked, **more})
    return [one["TrainingJob"]["TrainingJobName"] for one in answer["Results"]]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([_filter("TrainingJobName", "Equals", "a")], "a"),
        ([_filter("TrainingJobName", None, "a")], "a"),
        ([_filter("TrainingJobStatus", "NotEquals", "Failed")], "ab"),
        ([_filter("Metrics.accuracy", "GreaterThan", "0.75")], "bc"),
        ([_filter("Metrics.accuracy", "LessThanOrEqualTo", "0.8")], "ac"),
        ([_filter("HyperParameters.lr", "LessThan", "0.2")], "ab"),
        ([_filter("HyperParameters.epochs", "GreaterThanOrEqualTo", "3")], "ab"),
        ([_filter("HyperParameters.epochs", "NotExists")], "c"),
        ([_filter("HyperParameters.epochs")], "ab"),
        ([_filter("Tags.team", "Equals", "red")], "a"),
        ([_filter("TrainingJobName", "In", "a, c")], "ac"),
        ([_filter("InputDataConfig.DataSource.S3DataSource.S3Uri", "Contains", "/b")], "abc"),
        ([_filter("CreationTime", "LessThan", "2000-01-01T00:00:00")], ""),
        ([_filter("Metrics.accuracy", "GreaterThan", "0.75"), _filter("Tags.team", "Equals", "red")], ""),
    ],
)
def test_filters_hold(ctx: Context, jobs: None, filters: list[dict[str, Any]], found: str) -> None:
    assert "".join(_found(ctx, {"Filters": filters})) == found


def test_expressions_are_joined_and_nested(ctx: Context, jobs: None) -> None:
    either = [_filter("TrainingJobName", "Equals", "a"), _filter("Metrics.accuracy", "GreaterThan", "0.85")]
    assert _found(ctx, {"Filters": either, "Operator": "Or"}) == ["a", "b"]
    inner = {"Filters": either, "Operator": "Or"}
    outer = {"Filters": [_filter("Tags.team", "Equals", "blue")], "SubExpressions": [inner]}
    assert _found(ctx, outer) == ["b"]
    path = "InputDataConfig"
    uri = f"{path}.DataSource.S3DataSource.S3Uri"
    nested = {
        "NestedPropertyName": path,
        "Filters": [_filter(f"{path}.ChannelName", "Equals", "test"), _filter(uri, "Equals", "s3://b/a")],
    }
    assert _found(ctx, {"NestedFilters": [nested]}) == []
    nested["Filters"][0] = _filter(f"{path}.ChannelName", "Equals", "train")
    assert _found(ctx, {"NestedFilters": [nested]}) == ["a"]


def test_results_are_ordered_and_paged(ctx: Context, jobs: None) -> None:
    assert _found(ctx, SortBy="Metrics.accuracy", SortOrder="Descending") == ["b", "c", "a"]
    params: dict[str, Any] = {"Resource": "TrainingJob", "MaxResults": 2, "SortBy": "TrainingJobName"}
    first = operations.call(ctx, "Search", params)
    assert first["TotalHits"] == {"Value": 3, "Relation": "EqualTo"}
    second = operations.call(ctx, "Search", {**params, "NextToken": first["NextToken"]})
    assert [one["TrainingJob"]["TrainingJobName"] for one in second["Results"]] == ["a"]
    assert "NextToken" not in second
    with pytest.raises(ServiceError, match="NextToken"):
        operations.call(ctx, "Search", {"Resource": "TrainingJob", "NextToken": first["NextToken"]})


def test_other_accounts_and_tags_that_may_be_seen(ctx: Context, jobs: None) -> None:
    assert _found(ctx, CrossAccountFilterOption="CrossAccount") == []
    assert _found(ctx, VisibilityConditions=[{"Key": "Tags.team", "Value": "red"}]) == ["a"]
    with pytest.raises(ServiceError, match=r"Tags\.<key>"):
        _found(ctx, VisibilityConditions=[{"Key": "team", "Value": "red"}])


@pytest.mark.parametrize(
    ("params", "code", "reason"),
    [
        ({"SearchExpression": {"Filters": [_filter("Colour", "Exists")]}}, "ValidationException", "Colour"),
        ({"SortBy": "Colour"}, "ValidationException", "Colour"),
        (
            {"SearchExpression": {"Filters": [_filter("Metrics.accuracy", "LessThan", "much")]}},
            "ValidationException",
            "number or a time",
        ),
        (
            {"SearchExpression": {"Filters": [_filter("TrainingJobName", "Contains")]}},
            "ValidationException",
            "needs a Value",
        ),
        (
            {
                "SearchExpression": {
                    "Filters": [
                        _filter("RoleArn", "Contains", "a"),
                        _filter("TrainingJobArn", "Contains", "b"),
                    ]
                }
            },
            "ValidationException",
            "'CONTAINS' operator usage limit of 1 exceeded",
        ),
        ({"Resource": "Image"}, "UnsupportedOperation", "Search over Image"),
    ],
)
def test_what_cannot_be_asked_is_named(
    ctx: Context, jobs: None, params: dict[str, Any], code: str, reason: str
) -> None:
    with pytest.raises(ServiceError, match=reason) as caught:
        operations.call(ctx, "Search", {"Resource": "TrainingJob", **params})
    assert caught.value.code == code


def _call(ctx: Context, name: str, **params: Any) -> dict[str, Any]:
    return operations.call(ctx, name, params)


def test_components_tell_their_trials_parameters_and_jobs(ctx: Context) -> None:
    _call(ctx, "CreateExperiment", ExperimentName="e")
    _call(ctx, "CreateTrial", TrialName="t", ExperimentName="e")
    parameters = {"SageMaker.InstanceCount": {"NumberValue": 2.0}, "kind": {"StringValue": "x"}}
    _call(ctx, "CreateTrialComponent", TrialComponentName="c", Parameters=parameters)
    _call(ctx, "CreateTrialComponent", TrialComponentName="other")
    _call(ctx, "AssociateTrialComponent", TrialName="t", TrialComponentName="c")
    for filters in (
        [_filter("Parents.TrialName", "Equals", "t")],
        [_filter("Parents.ExperimentName", "Equals", "e"), _filter("TrialComponentName", "Contains", "c")],
        [_filter("Parameters.SageMaker.InstanceCount", "GreaterThan", "1")],
        [_filter("Parameters.kind", "Equals", "x")],
    ):
        asked = {"Resource": "ExperimentTrialComponent", "SearchExpression": {"Filters": filters}}
        (found,) = _call(ctx, "Search", **asked)["Results"]
        assert found["TrialComponent"]["Parents"] == [{"TrialName": "t", "ExperimentName": "e"}]
    (trial,) = _call(ctx, "Search", Resource="ExperimentTrial")["Results"]
    assert [one["TrialComponentName"] for one in trial["Trial"]["TrialComponentSummaries"]] == ["c"]


def test_kinds_are_shown_as_the_service_shows_them(ctx: Context) -> None:
    role = "arn:aws:iam::123456789012:role/r"
    _call(ctx, "CreateModel", ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "i"})
    (model,) = _call(ctx, "Search", Resource="Model")["Results"]
    assert model["Model"]["Model"]["ModelName"] == "m"
    _call(ctx, "CreateModelPackageGroup", ModelPackageGroupName="g", Tags=[{"Key": "a", "Value": "b"}])
    _call(ctx, "CreateModelPackage", ModelPackageGroupName="g", CustomerMetadataProperties={"f1": "0.8"})
    filters = [_filter("CustomerMetadataProperties.f1", "Equals", "0.8")]
    asked = {"Resource": "ModelPackage", "SearchExpression": {"Filters": filters}}
    (package,) = _call(ctx, "Search", **asked)["Results"]
    assert package["ModelPackage"]["ModelPackageVersion"] == 1
    (group,) = _call(ctx, "Search", Resource="ModelPackageGroup")["Results"]
    assert group["ModelPackageGroup"]["Tags"] == [{"Key": "a", "Value": "b"}]
    _call(ctx, "CreateModelCard", ModelCardName="c", Content="{}", ModelCardStatus="Draft")
    (card,) = _call(ctx, "Search", Resource="ModelCard")["Results"]
    assert card["ModelCard"]["ModelCardVersion"] == 1


def test_names_of_properties_are_suggested(ctx: Context, jobs: None) -> None:
    def suggested(hint: str) -> list[str]:
        query = {"PropertyNameQuery": {"PropertyNameHint": hint}}
        answer = _call(ctx, "GetSearchSuggestions", Resource="TrainingJob", SuggestionQuery=query)
        return [one["PropertyName"] for one in answer["PropertyNameSuggestions"]]

    assert suggested("HyperParameters.") == ["HyperParameters.epochs", "HyperParameters.lr"]
    assert "TrainingJobName" in suggested("trainingjob")
    ctx.store.modify("TrainingJob", ctx.store.list("TrainingJob")[0]["TrainingJobName"], _with_secret)
    assert suggested("own") == []


def _with_secret(record: dict[str, Any]) -> None:
    """Give a record a member that no answer holds."""
    record["OwnBookkeeping"] = {"Step": 1}
