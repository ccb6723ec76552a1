"""Artifacts, actions, contexts and associations by hand."""

from typing import Any

import pytest

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError


def _call(ctx: Context, name: str, **params: Any) -> dict[str, Any]:
    return operations.call(ctx, name, params)


def _artifact(ctx: Context, uri: str, **more: Any) -> str:
    made = _call(ctx, "CreateArtifact", Source={"SourceUri": uri}, ArtifactType="DataSet", **more)
    return str(made["ArtifactArn"])


def test_a_source_has_one_artifact(ctx: Context) -> None:
    arn = _artifact(ctx, "s3://b/a", ArtifactName="data", Properties={"rows": "3"})
    assert arn.startswith("arn:aws:sagemaker:us-east-1:123456789012:artifact/")
    with pytest.raises(ServiceError, match="already exists") as caught:
        _artifact(ctx, "s3://b/a")
    assert caught.value.code == "ValidationException"
    version = [{"SourceIdType": "S3ETag", "Value": "1"}]
    source = {"SourceUri": "s3://b/a", "SourceTypes": version}
    other = _call(ctx, "CreateArtifact", Source=source, ArtifactType="DataSet")["ArtifactArn"]
    assert other != arn
    _call(ctx, "DeleteArtifact", Source=source)
    found = _call(ctx, "ListArtifacts", SourceUri="s3://b/a")["ArtifactSummaries"]
    assert [one["ArtifactArn"] for one in found] == [arn]


def test_properties_are_merged_and_removed(ctx: Context) -> None:
    arn = _artifact(ctx, "s3://b/a", Properties={"a": "1", "b": "2"})
    _call(ctx, "UpdateArtifact", ArtifactArn=arn, Properties={"c": "3"}, PropertiesToRemove=["a"])
    assert _call(ctx, "DescribeArtifact", ArtifactArn=arn)["Properties"] == {"b": "2", "c": "3"}
    many = {f"k{at}": "v" for at in range(29)}
    with pytest.raises(ServiceError, match="31 properties"):
        _call(ctx, "UpdateArtifact", ArtifactArn=arn, Properties=many)


@pytest.mark.parametrize(("kind", "type_"), [("Action", "ModelDeployment"), ("Context", "Endpoint")])
def test_named_entities_live_from_create_to_delete(ctx: Context, kind: str, type_: str) -> None:
    source = {"SourceUri": "arn:x", "SourceType": "ARN"}
    named = {f"{kind}Name": "Mine"}
    tags = [{"Key": "a", "Value": "b"}]
    made = _call(ctx, f"Create{kind}", **named, Source=source, **{f"{kind}Type": type_}, Tags=tags)
    arn = made[f"{kind}Arn"]
    assert arn.endswith(f":{kind.lower()}/mine")
    assert _call(ctx, "ListTags", ResourceArn=arn)["Tags"] == tags
    _call(ctx, f"Update{kind}", **named, Description="told", Properties={"a": "1"})
    described = _call(ctx, f"Describe{kind}", **named)
    assert (described["Description"], described["Properties"]) == ("told", {"a": "1"})
    listed = _call(ctx, f"List{kind}s", **{f"{kind}Type": type_})[f"{kind}Summaries"]
    assert [one[f"{kind}Name"] for one in listed] == ["Mine"]
    assert _call(ctx, f"List{kind}s", **{f"{kind}Type": "other"})[f"{kind}Summaries"] == []
    with pytest.raises(ServiceError, match="already exists"):
        _call(ctx, f"Create{kind}", **named, Source=source, **{f"{kind}Type": type_})
    _call(ctx, f"Delete{kind}", **named)
    with pytest.raises(ServiceError, match="does not exist") as caught:
        _call(ctx, f"Describe{kind}", **named)
    assert caught.value.code == "ResourceNotFound"


def test_associations_tell_both_ends(ctx: Context) -> None:
    data = _artifact(ctx, "s3://b/a", ArtifactName="data")
    job = _call(ctx, "CreateTrialComponent", TrialComponentName="job")["TrialComponentArn"]
    pair = {"SourceArn": data, "DestinationArn": job}
    _call(ctx, "AddAssociation", **pair, AssociationType="ContributedTo")
    with pytest.raises(ServiceError, match="already exists") as caught:
        _call(ctx, "AddAssociation", **pair)
    assert caught.value.code == "ValidationException"
    (found,) = _call(ctx, "ListAssociations", SourceType="DataSet")["AssociationSummaries"]
    assert {key: found[key] for key in pair} == pair
    assert (found["SourceName"], found["DestinationType"]) == ("data", "TrialComponent")
    for wanted, count in (
        ({"SourceArn": data}, 1),
        ({"DestinationArn": data}, 0),
        ({"AssociationType": "Produced"}, 0),
        ({"DestinationType": "TrialComponent"}, 1),
    ):
        assert len(_call(ctx, "ListAssociations", **wanted)["AssociationSummaries"]) == count
    with pytest.raises(ServiceError, match="is associated with"):
        _call(ctx, "DeleteArtifact", ArtifactArn=data)
    _call(ctx, "DeleteAssociation", **pair)
    with pytest.raises(ServiceError, match="no association"):
        _call(ctx, "DeleteAssociation", **pair)
    _call(ctx, "DeleteArtifact", ArtifactArn=data)


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:sagemaker:us-east-1:123456789012:training-job/t", "ValidationException"),
        ("arn:aws:sagemaker:us-east-1:123456789012:artifact/none", "ResourceNotFound"),
    ],
)
def test_only_entities_that_exist_can_be_associated(ctx: Context, arn: str, code: str) -> None:
    data = _artifact(ctx, "s3://b/a")
    with pytest.raises(ServiceError, match=arn.rpartition("/")[2]) as caught:
        _call(ctx, "AddAssociation", SourceArn=data, DestinationArn=arn)
    assert caught.value.code == code


@pytest.mark.parametrize("kind", ["Experiment", "TrialComponent"])
def test_the_associations_of_what_is_deleted_end_with_it(ctx: Context, kind: str) -> None:
    data, named = _artifact(ctx, "s3://b/a"), {f"{kind}Name": "shop"}
    made = _call(ctx, f"Create{kind}", **named)[f"{kind}Arn"]
    _call(ctx, "AddAssociation", SourceArn=data, DestinationArn=made)
    _call(ctx, f"Delete{kind}", **named)
    assert _call(ctx, "ListAssociations")["AssociationSummaries"] == []
    _call(ctx, "DeleteArtifact", ArtifactArn=data)
