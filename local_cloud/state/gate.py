"""Holds the answer to a request that changes something until the change is on disk."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote

from local_cloud import hooks_stacks
from local_cloud import hooks_state as hooks
from local_cloud.state.saver import RECORDS, Saver, everything
from local_cloud.state.scan import Focus
from local_cloud.visitors import Asgi

# Services whose requests change their own tables alone. A request to any other service may reach all of them:
# a message published to a topic is in a queue when the answer comes.
_ALONE = {"logs", "monitoring", "sts", "sqs", "ssm", "iam", "kms", "secretsmanager", "glue", "ecr"}
_TOGETHER = {"lambda": ("lambda_svc", "lambda_durable", "cloudwatch_logs", "cloudwatch")}
# What they tell has happened in the background: not even a question is answered before that is on disk.
_OBSERVED = {"cloudformation", "states", "athena"}
_READING = re.compile(r"(Describe|Get|List|BatchGet|Head|Select|Query|Lookup|Search|Filter|Test|Validate)")
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")
_PEEK = 512
_OWN = "sagemaker"
_INVOCATION = re.compile(r"/endpoints/[^/]+/invocations")
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")


def durable(app: Asgi, saver: Saver) -> Asgi:
    """The application, whose answers wait for the disk."""

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        peeked = bytearray()
        refused = False

        async def read() -> Any:
            message = await receive()
            if len(peeked) < _PEEK:
                peeked.extend(message.get("body", b"")[:_PEEK])
            return message

        async def answer(message: dict[str, Any]) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] < 400:
                focus = focus_of(scope, bytes(peeked))
                if focus is not None:
                    try:
                        await saver.settled(focus)
                    except Exception as error:  # noqa: BLE001 - an answer must not promise what is not kept
                        refused = True
                        await _fail(send, error)
            if not refused:
                await send(message)

        await app(scope, read, answer)

    return serve


def focus_of(scope: dict[str, Any], body: bytes) -> Focus | None:
    """Where a request may have changed something; None when it only asked.

    Parameters
    ----------
    scope
        Of the request.
    body
        The first bytes of its body.
    """
    method, path = scope["method"], scope["path"]
    headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    service = hooks.service_of(method, path, headers, query)
    if service == _OWN:
        return None if _INVOCATION.fullmatch(path) else RECORDS
    if service not in _OBSERVED and _only_asks(method, headers, query, body):
        return None
    if service == "s3":
        return _of_s3(method, path, headers, query)
    if hooks_stacks.stacks_in_motion():
        return everything()
    if service in _ALONE:
        return Focus(frozenset(hooks.modules_of(service)))
    if service in _TOGETHER and path.endswith("/invocations"):
        return Focus(frozenset(_TOGETHER[service]) & hooks.loaded_modules())
    return everything()


def _only_asks(method: str, headers: dict[str, str], query: dict[str, list[str]], body: bytes) -> bool:
    if method in ("GET", "HEAD", "OPTIONS"):
        return "Action" not in query or bool(_READING.match(query["Action"][0]))
    target = headers.get("x-amz-target", "")
    if target:
        return bool(_READING.match(target.rpartition(".")[2]))
    action = _ACTION.search(body)
    return bool(action and _READING.match(action[1].decode()))


def _of_s3(method: str, path: str, headers: dict[str, str], query: dict[str, list[str]]) -> Focus:
    modules, tables = frozenset({"s3"}), hooks.tables("s3")
    if tables["_bucket_notifications"]:
        modules = everything().modules  # it may have told a queue, a topic, a bus or a function
    bucket, _, key = path.lstrip("/").partition("/")
    simple = bool(key) and method in ("PUT", "POST", "DELETE") and "delete" not in query
    # What is no bucket may be the name of something in front of one: an access point, for example.
    known = any(one[-1] == bucket for one in list(tables["_buckets"]))
    if not simple or not known or not _LOOPBACK.fullmatch(headers.get("host", "")):
        return Focus(modules)
    return Focus(modules, frozenset({(bucket, key), (bucket, unquote(key))}), narrow=True)


async def _fail(send: Any, error: Exception) -> None:
    said = f"The local cloud could not keep this on disk: {error}"
    body = json.dumps({"__type": "InternalFailure", "message": said}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
