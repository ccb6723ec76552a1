"""Descriptions and parameters of single features."""

from typing import Any

import pytest

from local_cloud.sagemaker import feature_store, operations, resources, search
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError

__all__ = ["feature_store", "search"]


@pytest.fixture
def ctx(tmp_path: Any) -> Context:
    made = Context("123456789012", "us-east-1", "http://127.0.0.1:1", tmp_path)
    _group(made)
    return made


def _group(ctx: Context) -> None:
    features = [{"FeatureName": "stars", "FeatureType": "Integral"}]
    resources.create(
        ctx, "FeatureGroup", "reviews", {"FeatureGroupName": "reviews", "FeatureDefinitions": features}
    )


def _call(ctx: Context, name: str, **more: Any) -> dict[str, Any]:
    return operations.call(ctx, name, {"FeatureGroupName": "reviews", "FeatureName": "stars", **more})


def test_notes_are_added_changed_removed_and_found(ctx: Context) -> None:
    given = [{"Key": "unit", "Value": "stars"}, {"Key": "owner", "Value": "a"}]
    _call(ctx, "UpdateFeatureMetadata", Description="how many", ParameterAdditions=given)
    _call(ctx, "UpdateFeatureMetadata", ParameterAdditions=[{"Key": "unit", "Value": "1"}])
    _call(ctx, "UpdateFeatureMetadata", ParameterRemovals=["owner", "none"])
    told = _call(ctx, "DescribeFeatureMetadata")
    assert (told["FeatureType"], told["Description"]) == ("Integral", "how many")
    assert told["Parameters"] == [{"Key": "unit", "Value": "1"}]
    filters = [{"Name": "Description", "Operator": "Contains", "Value": "many"}]
    asked = {"Resource": "FeatureMetadata", "SearchExpression": {"Filters": filters}}
    (found,) = operations.call(ctx, "Search", asked)["Results"]
    assert found["FeatureMetadata"]["Parameters"] == told["Parameters"]


def test_a_group_made_anew_has_no_notes(ctx: Context) -> None:
    _call(ctx, "UpdateFeatureMetadata", Description="how many")
    resources.delete(ctx, "FeatureGroup", "reviews")
    _group(ctx)
    assert "Description" not in _call(ctx, "DescribeFeatureMetadata")


def test_what_is_not_there_is_named(ctx: Context) -> None:
    with pytest.raises(ServiceError, match="Feature 'colour' does not exist in 'reviews'") as caught:
        _call(ctx, "DescribeFeatureMetadata", FeatureName="colour")
    assert caught.value.code == "ResourceNotFound"
    many = [{"Key": f"k{at}", "Value": "v"} for at in range(25)]
    _call(ctx, "UpdateFeatureMetadata", ParameterAdditions=many)
    with pytest.raises(ServiceError, match="at most 25 parameters, not 26"):
        _call(ctx, "UpdateFeatureMetadata", ParameterAdditions=[{"Key": "one-more", "Value": "v"}])
