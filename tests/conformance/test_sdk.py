"""The public SageMaker SDK, unchanged, against the local cloud: features, registry, models and endpoints."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from tests.integration.conftest import Cloud

from .makers import IMAGE
from .workplace import Workplace
from .workplace import work as work

pytestmark = pytest.mark.filterwarnings("ignore")


def test_features_are_ingested_read_and_queried(work: Workplace, cloud: Cloud) -> None:
    import pandas
    from sagemaker.mlops.feature_store import (
        FeatureGroup,
        OfflineStoreConfig,
        OnlineStoreConfig,
        S3StorageConfig,
    )
    from sagemaker.mlops.feature_store.feature_utils import (
        create_athena_query,
        ingest_dataframe,
        load_feature_definitions_from_dataframe,
    )

    frame = pandas.DataFrame({"review": ["a", "b"], "stars": [1, 5], "at": [1.7e9, 1.7e9 + 1]})
    storage = S3StorageConfig(s3_uri=f"s3://{work.bucket}/features")
    group = FeatureGroup.create(
        feature_group_name="reviews",
        record_identifier_feature_name="review",
        event_time_feature_name="at",
        feature_definitions=load_feature_definitions_from_dataframe(frame),
        role_arn=work.role,
        online_store_config=OnlineStoreConfig(enable_online_store=True),
        offline_store_config=OfflineStoreConfig(s3_storage_config=storage),
    )
    group.wait_for_status("Created")
    ingest_dataframe(feature_group_name="reviews", data_frame=frame, max_workers=1, max_processes=1)
    record = group.get_record(record_identifier_value_as_string="b").record
    assert {one.feature_name: one.value_as_string for one in record}["stars"] == "5"
    _flush(cloud)
    query = create_athena_query("reviews", work.session)
    table = f'"{query.database}"."{query.table_name}"'
    text = f"SELECT review, stars FROM {table} ORDER BY stars"  # noqa: S608 - names the service made
    query.run(text, f"s3://{work.bucket}/athena/")
    query.wait()
    assert query.as_dataframe().values.tolist() == [["a", 1], ["b", 5]]
    group.delete()


def _flush(cloud: Cloud) -> None:
    """Offline rows are written within seconds: now is soon enough for a test."""
    port = cloud.url.rpartition(":")[2]
    urllib.request.urlopen(f"http://127.0.0.1:{port}/_local_cloud/feature-store/flush").read()


def test_versions_are_registered_and_approved(work: Workplace) -> None:
    from sagemaker.core.resources import ModelPackage, ModelPackageGroup

    ModelPackageGroup.create(model_package_group_name="sdk-reviews")
    # By the client: `ModelPackage.create` of this SDK reads a member that the answer has never had.
    made = work.session.sagemaker_client.create_model_package(
        ModelPackageGroupName="sdk-reviews",
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": work.model()}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        ModelApprovalStatus="PendingManualApproval",
    )
    package = ModelPackage.get(model_package_name=made["ModelPackageArn"])
    assert package.model_approval_status == "PendingManualApproval"
    package.update(model_approval_status="Approved")
    package.refresh()
    assert package.model_approval_status == "Approved"
    found = ModelPackage.get_all(model_package_group_name="sdk-reviews")
    assert [one.model_package_version for one in found] == [1]


def test_an_endpoint_is_made_of_resources_and_invoked(work: Workplace) -> None:
    from sagemaker.core.resources import Endpoint, EndpointConfig, Model
    from sagemaker.core.shapes import ContainerDefinition, ProductionVariant

    container = ContainerDefinition(image=IMAGE, model_data_url=work.model())
    Model.create(model_name="sdk-model", primary_container=container, execution_role_arn=work.role)
    variant = ProductionVariant(
        variant_name="all",
        model_name="sdk-model",
        initial_instance_count=1,
        instance_type="ml.m5.large",
        initial_variant_weight=1.0,
    )
    EndpointConfig.create(endpoint_config_name="sdk-config", production_variants=[variant])
    endpoint = Endpoint.create(endpoint_name="sdk-endpoint", endpoint_config_name="sdk-config")
    endpoint.wait_for_status("InService", poll=1)
    assert _invoked(endpoint, [1, 2]) == {"sum": 4}
    endpoint.delete()
    endpoint.wait_for_delete(poll=1)


def test_a_model_is_built_registered_deployed_and_invoked(work: Workplace) -> None:
    from sagemaker.serve.model_builder import ModelBuilder

    builder = ModelBuilder(
        image_uri=IMAGE,
        s3_model_data_url=work.model(),
        role_arn=work.role,
        sagemaker_session=work.session,
        instance_type="ml.m5.large",
    )
    builder.build(model_name="built")
    arn = builder.register(
        model_package_group_name="built",
        content_types=["application/json"],
        response_types=["application/json"],
        inference_instances=["ml.m5.large"],
        approval_status="Approved",
    )
    assert arn.endswith(":model-package/built/1")
    endpoint = builder.deploy(
        endpoint_name="built", initial_instance_count=1, instance_type="ml.m5.large", wait=True
    )
    assert _invoked(endpoint, [1]) == {"sum": 2}
    endpoint.delete()


def _invoked(endpoint: Any, given: list[int]) -> Any:
    answer = endpoint.invoke(
        body=json.dumps(given).encode(), content_type="application/json", accept="application/json"
    )
    body = answer.body.read() if hasattr(answer.body, "read") else answer.body
    return json.loads(body)
