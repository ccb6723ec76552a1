"""Every operation of the API is implemented, a record, or refused by name."""

import json
from typing import Any

import pytest

from local_cloud.sagemaker import coverage, endpoints, feature_store, model, operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError

__all__ = ["endpoints", "feature_store"]


def test_all_operations_are_told() -> None:
    told = coverage.implemented()
    assert set(told) == model.operation_names()
    assert told["CreateModelPackage"] == "implemented"
    assert told["DescribeEndpointConfig"] == "record"
    assert told["CreateLabelingJob"] == "refused"


def test_what_is_told_as_refused_is_refused(ctx: Context) -> None:
    refused = [name for name, how in coverage.implemented().items() if how == "refused"]
    for name in refused:
        with pytest.raises(ServiceError, match=f"does not serve {name}.*coverage") as caught:
            operations._FALLBACK[0](ctx, name, {})
        assert (caught.value.code, caught.value.status) == ("UnsupportedOperation", 400)


def test_the_list_is_served(ctx: Context) -> None:
    found = operations.find_route("GET", "/_local_cloud/coverage")
    assert found is not None
    serve, _ = found
    answer = serve(ctx, operations.Request("GET", "/_local_cloud/coverage", {}, b"", {}))
    assert json.loads(answer.body)["Search"] in ("implemented", "refused")


def _sample(shape: Any) -> Any:
    if shape.type_name == "timestamp":
        return "2026-01-01T00:00:00Z"
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "one"
    return shape.metadata.get("min", 1)


# One example each of what lists cannot do without.
_NEEDED = {
    "PipelineName": "p",
    "ModelCardName": "c",
    "ResourceArn": "arn:x",
    "HyperParameterTuningJobName": "t",
}


def _lists() -> list[str]:
    served = coverage.implemented()
    return [name for name in served if name.startswith("List") and served[name] != "refused"]


def test_every_filter_of_a_list_that_is_served_is_honoured(ctx: Context) -> None:
    assert len(_lists()) > 25
    for name in _lists():
        needed = {member: _NEEDED.get(member, "one") for member in model.required_members(name)}
        for member, shape in model.input_members(name).items():
            if member in ("MaxResults", "NextToken", *needed):
                continue
            try:
                operations.call(ctx, name, {**needed, member: _sample(shape)})
            except ServiceError as error:
                assert "not supported" not in error.message, (name, member)
