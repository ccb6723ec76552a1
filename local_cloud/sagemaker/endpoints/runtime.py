"""The routes of SageMaker Runtime: InvokeEndpoint, and its answer as a stream of events."""

from __future__ import annotations

import functools
import struct
import zlib
from collections.abc import Iterator

from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape

from local_cloud.sagemaker.checks import Problems, check
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import live as lives
from local_cloud.sagemaker.endpoints.calls import ATTRIBUTES_HEADER
from local_cloud.sagemaker.endpoints.invocations import Answer, invoke
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.operations import Request, Response, route

MOST_BYTES = 6_291_456
_INVOKED = "x-Amzn-Invoked-Production-Variant"
_PART = 64 * 1024
# Members of a request that ask for what is not served here, and what would be needed.
_REFUSED = {
    "TargetModel": "a multi-model endpoint",
    "TargetContainerHostname": "an endpoint with several containers",
    "InferenceComponentName": "an endpoint with inference components",
    "EnableExplanations": "an endpoint with an explainer",
    "SessionId": "stateful sessions",
    "PrefixAwareId": "prefix-aware routing",
}


@route("POST", r"/endpoints/(?P<name>[^/]+)/invocations")
def invoke_endpoint(ctx: Context, request: Request) -> Response:
    """Answer with what the model server says."""
    answered = _invoke(ctx, request, "InvokeEndpoint", request.headers)
    headers = {"Content-Type": _type(answered), **_own(answered)}
    return Response(200, headers, answered.body)


@route("POST", r"/endpoints/(?P<name>[^/]+)/invocations-response-stream")
def invoke_with_stream(ctx: Context, request: Request) -> Response:
    """Answer with what the model server says, as events. It is sent when the model has said all of it."""
    headers = dict(request.headers)
    if "x-amzn-sagemaker-accept" in headers:
        headers["accept"] = headers["x-amzn-sagemaker-accept"]
    answered = _invoke(ctx, request, "InvokeEndpointWithResponseStream", headers)
    own = {"X-Amzn-SageMaker-Content-Type": _type(answered), **_own(answered)}
    stream = {"Content-Type": "application/vnd.amazon.eventstream", **own}
    return Response(200, stream, b"".join(events(answered.body)))


def events(body: bytes) -> Iterator[bytes]:
    """A body as PayloadPart events in the encoding of AWS event streams."""
    for at in range(0, len(body), _PART):
        headers = b"".join(
            _header(name, value)
            for name, value in (
                (":event-type", "PayloadPart"),
                (":content-type", "application/octet-stream"),
                (":message-type", "event"),
            )
        )
        part = body[at : at + _PART]
        prelude = struct.pack("!II", 16 + len(headers) + len(part), len(headers))
        message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + part
        yield message + struct.pack("!I", zlib.crc32(message))


def _invoke(ctx: Context, request: Request, operation: str, headers: dict[str, str]) -> Answer:
    name = request.match["name"]
    _check(operation, request)
    live = lives.find(ctx, name)
    if live is not None and live.fleet is not None and "AsyncInferenceConfig" in live.fleet.record:
        raise _invalid(f"Endpoint {name} of account {ctx.account} is asynchronous: use InvokeEndpointAsync.")
    return invoke(ctx, name, request.body, headers)


def _check(operation: str, request: Request) -> None:
    """Check headers and size of a request against the service model."""
    shape, problems = input_shape(operation), Problems()
    check_size(request.body, MOST_BYTES, problems)
    for member, header in _headers(operation):
        if header not in request.headers:
            continue
        if member in _REFUSED:
            raise _invalid(f"{member} needs {_REFUSED[member]}, which is not served here.")
        check(shape.members[member], request.headers[header], member, problems)
    if problems.found:
        raise _invalid(problems.told())


def check_size(body: bytes, most: int, problems: Problems) -> None:
    """Note that a body is too long; what is in it is nobody's business."""
    if len(body) > most:
        constraint = f"Member must have length less than or equal to {most}"
        problems.found.append(f"Value at 'body' failed to satisfy constraint: {constraint}")


@functools.cache
def input_shape(operation: str) -> StructureShape:
    """The parameters of an operation in the service model of the runtime."""
    document = Loader().load_service_model("sagemaker-runtime", "service-2")
    shape = ServiceModel(document, "sagemaker-runtime").operation_model(operation).input_shape
    if not isinstance(shape, StructureShape):
        raise TypeError(operation)
    return shape


@functools.cache
def _headers(operation: str) -> list[tuple[str, str]]:
    """The members of an operation's input that travel as headers, and the headers in lower case."""
    members = input_shape(operation).members.items()
    return [
        (name, str(shape.serialization["name"]).lower())
        for name, shape in members
        if shape.serialization.get("location") == "header"
    ]


def _own(answered: Answer) -> dict[str, str]:
    headers = {_INVOKED: answered.variant}
    if ATTRIBUTES_HEADER in answered.headers:
        headers[ATTRIBUTES_HEADER] = answered.headers[ATTRIBUTES_HEADER]
    return headers


def _type(answered: Answer) -> str:
    return answered.headers.get("content-type", "application/octet-stream")


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", 7, len(text)) + text


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)
