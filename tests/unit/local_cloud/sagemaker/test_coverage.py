"""Every operation of the API is implemented, a record, or refused by name."""

import json

import pytest

from local_cloud.sagemaker import coverage, model, operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError


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
