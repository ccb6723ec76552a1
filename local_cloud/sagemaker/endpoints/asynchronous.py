"""InvokeEndpointAsync: checks a request, says where its answer will be, and queues it."""

from __future__ import annotations

import base64
import json
import re
import uuid
from typing import Any

from local_cloud.sagemaker.checks import Problems, check
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.endpoints import backlog, modes, runtime
from local_cloud.sagemaker.endpoints.roles import execution_role
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.operations import Params, Request, Response, route

_OPERATION = "InvokeEndpointAsync"
_TTL_S, _TIMEOUT_S = 21_600, 900
_MOST_BODY_BYTES = 128_000


@route("POST", r"/endpoints/(?P<name>[^/]+)/async-invocations")
def invoke_endpoint_async(ctx: Context, request: Request) -> Response:
    """Take a request into the queue of an asynchronous endpoint.

    Raises
    ------
    ServiceError
        ValidationError for a wrong parameter, an unknown endpoint, or one that is not asynchronous.
    """
    params = _params(request)
    endpoint = request.match["name"]
    config = modes.asynchronous(ctx, endpoint)
    record = _record(ctx, endpoint, config, params)
    backlog.of(ctx, endpoint).put(record)
    headers = {"content-type": "application/json"}
    for member in ("OutputLocation", "FailureLocation"):
        if member in record:
            headers[f"X-Amzn-SageMaker-{member}"] = record[member]
    return Response(202, headers, json.dumps({"InferenceId": record["InferenceId"]}).encode())


def _record(ctx: Context, endpoint: str, config: dict[str, Any], params: Params) -> dict[str, Any]:
    """All that is needed to answer the request later, also after a restart."""
    output = config["AsyncInferenceConfig"]["OutputConfig"]
    variant = config["ProductionVariants"][0]["VariantName"]
    key = str(uuid.uuid4())
    record = {
        "Key": key,
        "EndpointName": endpoint,
        "VariantName": variant,
        "RoleArn": execution_role(ctx, config, variant),
        "OutputConfig": output,
        "InferenceId": params.get("InferenceId") or str(uuid.uuid4()),
        "ReceivedTime": now(),
        "RequestTTLSeconds": params.get("RequestTTLSeconds", _TTL_S),
        "InvocationTimeoutSeconds": params.get("InvocationTimeoutSeconds", _TIMEOUT_S),
    }
    for member in ("ContentType", "Accept", "CustomAttributes", "InputLocation"):
        if member in params:
            record[member] = params[member]
    if "Body" in params:
        record["Body"] = base64.b64encode(params["Body"]).decode()
    if output.get("S3OutputPath"):
        name = params.get("Filename") or f"{key}.out"
        record["OutputLocation"] = _joined(
            output["S3OutputPath"], params.get("S3OutputPathExtension", ""), name
        )
    if output.get("S3FailurePath"):
        record["FailureLocation"] = _joined(output["S3FailurePath"], f"{key}-error.out")
    return record


def _params(request: Request) -> Params:
    """The parameters of a request, out of its path, headers and body, checked against the service model."""
    shape = runtime.input_shape(_OPERATION)
    given: Params = {"EndpointName": request.match["name"]}
    for member, inner in shape.members.items():
        header = str(inner.serialization.get("name", "")).lower()
        if inner.serialization.get("location") == "header" and header in request.headers:
            given[member] = _typed(request.headers[header], inner.type_name)
    if request.body:
        given["Body"] = request.body
    problems = Problems()
    checked: Params = check(shape, given, "", problems)
    if not problems.found and ("Body" in checked) == ("InputLocation" in checked):
        problems.found.append("Provide exactly one of Body and InputLocation")
    runtime.check_size(request.body, _MOST_BODY_BYTES, problems)
    if "InputLocation" in checked and not checked["InputLocation"].startswith("s3://"):
        problems.found.append(f"InputLocation '{checked['InputLocation']}' must be an S3 URI (s3://) here")
    if problems.found:
        raise _invalid(problems.told())
    return checked


def _typed(text: str, kind: str) -> object:
    return int(text) if kind == "integer" and re.fullmatch(r"-?[0-9]{1,18}", text) else text


def _joined(*parts: str) -> str:
    first, *rest = parts
    return "/".join([first.rstrip("/"), *(part.strip("/") for part in rest if part.strip("/"))])


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)
