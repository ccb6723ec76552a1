"""Features are added to a deployed group and its records stay; taking one away rolls the stack back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.data.features import EVENT_TIME, FEATURES, RECORD_IDENTIFIER
from tests.integration.conftest import Cloud, until

pytestmark = pytest.mark.integration
NAME, STACK = "evolving-reviews", "evolving"
BEFORE = dict(list(FEATURES.items())[:-2])


def template(features: dict[str, str], role: str) -> str:
    properties = {
        "FeatureGroupName": NAME,
        "RecordIdentifierFeatureName": RECORD_IDENTIFIER,
        "EventTimeFeatureName": EVENT_TIME,
        "FeatureDefinitions": [{"FeatureName": name, "FeatureType": kind} for name, kind in features.items()],
        "OnlineStoreConfig": {"EnableOnlineStore": True},
        "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://evolving-lake/features"}},
        "RoleArn": role,
    }
    return json.dumps(
        {"Resources": {"Group": {"Type": "AWS::SageMaker::FeatureGroup", "Properties": properties}}}
    )


def status(cloud: Cloud) -> str:
    def read() -> str:
        return str(
            cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
        )

    return str(until(read, lambda found: not found.endswith("IN_PROGRESS")))


def record(cloud: Cloud) -> dict[str, str]:
    found = cloud.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName=NAME, RecordIdentifierValueAsString="r1"
    )
    return {item["FeatureName"]: item["ValueAsString"] for item in found["Record"]}


def columns(cloud: Cloud) -> list[str]:
    told = cloud.client("sagemaker").describe_feature_group(FeatureGroupName=NAME)
    where = told["OfflineStoreConfig"]["DataCatalogConfig"]
    table = cloud.client("glue").get_table(DatabaseName=where["Database"], Name=where["TableName"])["Table"]
    return [item["Name"] for item in table["StorageDescriptor"]["Columns"]]


def put(cloud: Cloud, values: dict[str, Any]) -> None:
    one = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
    cloud.client("sagemaker-featurestore-runtime").put_record(FeatureGroupName=NAME, Record=one)


def test_additions_keep_the_records_and_removals_are_rolled_back(cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(Bucket="evolving-lake")
    stacks, role = cloud.client("cloudformation"), cloud.make_role("evolving-features")
    stacks.create_stack(StackName=STACK, TemplateBody=template(BEFORE, role))
    assert status(cloud) == "CREATE_COMPLETE"
    old = {"review_id": "r1", "event_time": "1700000000.0", "label": "positive"}
    put(cloud, old)

    stacks.update_stack(StackName=STACK, TemplateBody=template(dict(FEATURES), role))
    assert status(cloud) == "UPDATE_COMPLETE"
    assert record(cloud) == old
    assert columns(cloud)[: len(FEATURES)] == list(FEATURES)
    new = {"review_id": "r1", "event_time": "1700000001.0", "record_hash": "0011"}
    put(cloud, new)
    assert record(cloud) == new

    stacks.update_stack(StackName=STACK, TemplateBody=template(BEFORE, role))
    assert status(cloud) == "UPDATE_ROLLBACK_COMPLETE"
    retyped = dict(FEATURES) | {"label_id": "String"}
    stacks.update_stack(StackName=STACK, TemplateBody=template(retyped, role))
    assert status(cloud) == "UPDATE_ROLLBACK_COMPLETE"
    assert record(cloud) == new
