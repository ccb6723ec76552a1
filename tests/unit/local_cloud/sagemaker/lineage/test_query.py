"""QueryLineage: directions, depth, filters, edges and pages."""

from typing import Any

import pytest

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError

# raw -> prepare -> data -> train -> model -> deploy -> endpoint, and image -> train
EDGES = (
    ("raw", "prepare"),
    ("prepare", "data"),
    ("data", "train"),
    ("image", "train"),
    ("train", "model"),
    ("model", "deploy"),
    ("deploy", "endpoint"),
)
TYPES = {"raw": "DataSet", "data": "DataSet", "image": "Image", "model": "Model"}


@pytest.fixture
def arns(ctx: Context) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, type_ in TYPES.items():
        params = {
            "ArtifactName": name,
            "Source": {"SourceUri": f"s3://b/{name}"},
            "ArtifactType": type_,
            "Properties": {"stage": name},
        }
        found[name] = operations.call(ctx, "CreateArtifact", params)["ArtifactArn"]
    for name in ("prepare", "train"):
        made = operations.call(ctx, "CreateTrialComponent", {"TrialComponentName": name})
        found[name] = made["TrialComponentArn"]
    source = {"SourceUri": "arn:e"}
    action = {"ActionName": "deploy", "ActionType": "ModelDeployment", "Source": source}
    found["deploy"] = operations.call(ctx, "CreateAction", action)["ActionArn"]
    context = {"ContextName": "endpoint", "ContextType": "Endpoint", "Source": source}
    found["endpoint"] = operations.call(ctx, "CreateContext", context)["ContextArn"]
    for one, other in EDGES:
        pair = {"SourceArn": found[one], "DestinationArn": found[other]}
        operations.call(ctx, "AddAssociation", {**pair, "AssociationType": "ContributedTo"})
    return found


def _ask(ctx: Context, arns: dict[str, str], start: str, direction: str, **more: Any) -> set[str]:
    params = {"StartArns": [arns[start]], "Direction": direction, "IncludeEdges": False, **more}
    names = {arn: name for name, arn in arns.items()}
    return {names[one["Arn"]] for one in operations.call(ctx, "QueryLineage", params)["Vertices"]}


def test_directions_follow_the_associations(ctx: Context, arns: dict[str, str]) -> None:
    assert _ask(ctx, arns, "data", "Ascendants") == {"raw", "prepare"}
    assert _ask(ctx, arns, "data", "Descendants") == {"train", "model", "deploy", "endpoint"}
    assert _ask(ctx, arns, "data", "Both") == {"raw", "prepare", "train", "model", "deploy", "endpoint"}


def test_depth_counts_associations(ctx: Context, arns: dict[str, str]) -> None:
    assert _ask(ctx, arns, "endpoint", "Ascendants", MaxDepth=3) == {"deploy", "model", "train"}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"Types": ["DataSet"]}, {"raw", "data"}),
        ({"LineageTypes": ["TrialComponent"]}, {"prepare", "train"}),
        ({"Types": ["DataSet", "Model"], "LineageTypes": ["Artifact"]}, {"raw", "data", "model"}),
        ({"Properties": {"stage": "raw", "other": "x"}}, {"raw"}),
        ({"CreatedBefore": "2000-01-01T00:00:00Z"}, set()),
        ({"ModifiedAfter": "2000-01-01T00:00:00Z", "Types": ["Image"]}, {"image"}),
    ],
)
def test_filters_choose_what_is_returned(
    ctx: Context, arns: dict[str, str], filters: dict[str, Any], found: set[str]
) -> None:
    assert _ask(ctx, arns, "endpoint", "Ascendants", Filters=filters) == found


def test_edges_bring_what_lies_on_the_way(ctx: Context, arns: dict[str, str]) -> None:
    params = {
        "StartArns": [arns["model"]],
        "Direction": "Ascendants",
        "IncludeEdges": True,
        "Filters": {"Types": ["DataSet"]},
    }
    answer = operations.call(ctx, "QueryLineage", params)
    names = {arn: name for name, arn in arns.items()}
    assert {names[one["Arn"]] for one in answer["Vertices"]} == {"raw", "prepare", "data", "train", "model"}
    drawn = {(names[one["SourceArn"]], names[one["DestinationArn"]]) for one in answer["Edges"]}
    assert drawn == {("raw", "prepare"), ("prepare", "data"), ("data", "train"), ("train", "model")}
    assert {one["AssociationType"] for one in answer["Edges"]} == {"ContributedTo"}


def test_a_circle_ends(ctx: Context, arns: dict[str, str]) -> None:
    pair = {"SourceArn": arns["endpoint"], "DestinationArn": arns["raw"]}
    operations.call(ctx, "AddAssociation", pair)
    everything = {*arns} - {"data"}
    assert _ask(ctx, arns, "data", "Descendants") == everything - {"image"}
    assert _ask(ctx, arns, "data", "Both") == everything


def test_pages_hold_everything_once(ctx: Context, arns: dict[str, str]) -> None:
    params: dict[str, Any] = {"StartArns": [arns["endpoint"]], "Direction": "Ascendants", "MaxResults": 4}
    seen: list[str] = []
    while True:
        answer = operations.call(ctx, "QueryLineage", params)
        page = [one["Arn"] for one in answer["Vertices"]]
        page += [f"{one['SourceArn']} {one['DestinationArn']}" for one in answer["Edges"]]
        assert len(page) <= 4
        seen += page
        if "NextToken" not in answer:
            break
        params["NextToken"] = answer["NextToken"]
    assert len(seen) == len(set(seen)) == len(arns) + len(EDGES)


def test_an_unknown_start_is_named(ctx: Context, arns: dict[str, str]) -> None:
    with pytest.raises(ServiceError, match="none") as caught:
        operations.call(ctx, "QueryLineage", {"StartArns": [arns["raw"][:-5] + "none"]})
    assert caught.value.code == "ResourceNotFound"
