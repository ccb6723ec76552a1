"""The paths of the server itself, below /_local_cloud/: its health, and what its service answers there."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qs

from local_cloud.visitors import Asgi

OWN_PATHS = "/_local_cloud/"
HEALTH = f"{OWN_PATHS}health"
Answer = tuple[int, dict[str, str], bytes]
OwnPaths = Callable[..., Awaitable[Answer]]
Ready = Callable[[], bool]


def with_own_paths(app: Asgi, own: OwnPaths, ready: Ready = lambda: True) -> Asgi:
    """The application with a health route in front; its other own paths go to the service, unsigned.

    The route says "starting", with status 503, until `ready`.
    """
    about = {"pid": os.getpid(), "version": version("ministack")}

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path == HEALTH:
            status, said = (200, "ok") if ready() else (503, "starting")
            health = json.dumps({"status": said, **about}).encode()
            await _send(send, status, {"content-type": "application/json"}, health)
        elif path.startswith(OWN_PATHS):
            headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
            query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
            body = await _body(receive)
            await _send(send, *await own(scope["method"], path, headers, body, query))
        else:
            await app(scope, receive, send)

    return serve


async def _body(receive: Any) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Any, status: int, headers: dict[str, str], body: bytes) -> None:
    listed = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers.items()]
    listed.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})
