"""What a running endpoint is asked and answers is found in S3, in the service's layout."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from . import small_models
from .conftest import Cloud, until

pytestmark = pytest.mark.integration


def test_requests_and_answers_are_captured_together(fast_cloud: Cloud) -> None:
    where = f"s3://{small_models.bucket(fast_cloud)}/captured"
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": where,
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json"],
        },
    }
    small_models.endpoint(fast_cloud, "watched", DataCaptureConfig=capture)
    runtime = fast_cloud.client("sagemaker-runtime")
    for number in ("1", "2"):
        runtime.invoke_endpoint(
            EndpointName="watched", Body=number, ContentType="text/csv", InferenceId=f"order-{number}"
        )
    with pytest.raises(runtime.exceptions.ModelError):
        runtime.invoke_endpoint(EndpointName="watched", Body="no number", ContentType="text/csv")
    s3 = fast_cloud.client("s3")

    def captured() -> list[dict[str, Any]]:
        lines = []
        for item in s3.list_objects_v2(Bucket=small_models.BUCKET, Prefix="captured/").get("Contents", []):
            name = r"captured/watched/AllTraffic/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl"
            assert re.fullmatch(name, item["Key"]), item["Key"]
            body = s3.get_object(Bucket=small_models.BUCKET, Key=item["Key"])["Body"].read()
            lines += [json.loads(line) for line in body.splitlines()]
        return sorted(lines, key=lambda line: line["eventMetadata"].get("inferenceId", "~"))

    first, second, failed = until(captured, lambda lines: len(lines) == 3)
    assert first["captureData"]["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": "1",
        "encoding": "CSV",
    }
    assert json.loads(second["captureData"]["endpointOutput"]["data"])["double"] == 4.0
    assert second["captureData"]["endpointOutput"]["encoding"] == "JSON"
    assert first["eventMetadata"]["inferenceId"] == "order-1"
    assert failed["captureData"]["endpointInput"]["data"] == "no number"
    fast_cloud.client("sagemaker").delete_endpoint(EndpointName="watched")
