"""What goes over the wire: JSON operations, REST routes, errors."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from local_cloud.sagemaker import operations, service
from local_cloud.sagemaker.context import Context, Contexts
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.operations import Request, Response


def _post(ctx: Context, name: str, body: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
    request = Request("POST", "/", {"x-amz-target": f"SageMaker.{name}"}, body, {})
    status, headers, answer = service.answer(ctx, request)
    return status, headers, json.loads(answer)


def test_times_are_written_as_seconds(ctx: Context) -> None:
    _post(ctx, "CreateModelPackageGroup", b'{"ModelPackageGroupName": "g"}')
    status, _, found = _post(ctx, "DescribeModelPackageGroup", b'{"ModelPackageGroupName": "g"}')
    assert status == 200
    created = ctx.store.get("ModelPackageGroup", "g")["CreationTime"]
    assert found["CreationTime"] == created.timestamp()


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("DescribePipeline", b'{"PipelineName": "p"}', "ResourceNotFound"),
        ("DescribePipeline", b"{}", "ValidationException"),
        ("DescribePipeline", b"{", "SerializationException"),
        ("Nonsense", b"{}", "UnknownOperationException"),
    ],
)
def test_errors_are_written_as_boto3_reads_them(ctx: Context, name: str, body: bytes, code: str) -> None:
    status, headers, found = _post(ctx, name, body)
    assert status >= 400
    assert found["__type"] == headers["x-amzn-errortype"] == code
    assert found["message"]


def test_a_bug_becomes_an_internal_failure(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("oops")

    monkeypatch.setitem(operations._OPERATIONS, "ListModels", broken)
    status, _, found = _post(ctx, "ListModels", b"{}")
    assert (status, found["__type"]) == (500, "InternalFailure")


@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_ROUTES", [])

    @operations.route("POST", r"/kettles/(?P<name>[^/]+)/boil")
    def boil(ctx: Context, request: Request) -> Response:
        if request.match["name"] == "empty":
            raise ServiceError("ModelError", "no water", 424, {"OriginalStatusCode": 500})
        return Response(200, {"Content-Type": "text/plain"}, request.body + request.query["end"].encode())


@pytest.mark.usefixtures("routes")
def test_rest_requests_go_to_their_route(ctx: Context) -> None:
    request = Request("POST", "/kettles/a/boil", {}, b"hot", {"end": "!"})
    assert service.answer(ctx, request) == (200, {"content-type": "text/plain"}, b"hot!")
    for method, path in (("GET", "/kettles/a/boil"), ("POST", "/kettles/a/boil/over")):
        assert service.answer(ctx, Request(method, path, {}, b"", {}))[0] == 404


@pytest.mark.usefixtures("routes")
def test_errors_of_routes_carry_their_members(ctx: Context) -> None:
    status, headers, body = service.answer(ctx, Request("POST", "/kettles/empty/boil", {}, b"", {}))
    assert (status, headers["x-amzn-errortype"]) == (424, "ModelError")
    assert json.loads(body)["OriginalStatusCode"] == 500


def test_an_operation_must_exist() -> None:
    with pytest.raises(ValueError, match="MakeCoffee"):
        operations.operation("MakeCoffee")


def test_models_that_answer_slowly_do_not_hold_up_what_they_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_ROUTES", [])
    over, asked = threading.Event(), threading.Semaphore(0)

    @operations.route("POST", r"/endpoints/slow/invocations")
    def invoke(ctx: Context, request: Request) -> Response:
        asked.release()
        over.wait(20)
        return Response(200, {}, b"")

    serving = service.Service(Contexts(endpoint_url="http://127.0.0.1:9", home=tmp_path))

    async def serve(path: str, headers: dict[str, str]) -> int:
        answered = await serving.serve("1" * 12, "us-east-1", "POST", path, headers, b"{}", {})
        return answered[0]

    async def main() -> tuple[int, list[int]]:
        slow = [asyncio.create_task(serve("/endpoints/slow/invocations", {})) for _ in range(200)]
        await asyncio.to_thread(asked.acquire)
        quick = await asyncio.wait_for(serve("/", {"x-amz-target": "SageMaker.ListModels"}), 10)
        over.set()
        return quick, await asyncio.gather(*slow)

    quick, slow = asyncio.run(main())
    assert quick == 200
    assert set(slow) == {200}
