"""Turns away what a web page sends: only programs of this machine may use the local cloud.

The cloud checks no signature and runs commands, and a browser lets any page send requests to 127.0.0.1.
Such a request shows itself by its `Origin` or `Sec-Fetch-Site` header or, when the page's own name resolves
to 127.0.0.1 (DNS rebinding), by its `Host` header.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

Asgi = Callable[..., Awaitable[None]]
# Names below localhost never leave the machine (RFC 6761, section 6.3): `<bucket>.s3.localhost` for example.
_OWN_HOST = re.compile(r"(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9_-]+\.)*localhost)(?::\d{1,5})?", re.IGNORECASE)
_OWN_SITES = {"same-origin", "none"}
_OPEN_TO_ALL = (b"access-control-allow-origin", b"*")
_POLICY = b"content-security-policy"
# What a bucket holds may be a web page. Opened in a browser it must not act as a page of this server.
_SANDBOX = (_POLICY, b"sandbox")


def refusal(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Say why a request with these headers is refused; None when it is not."""
    hosts, origins, sites = (
        [value.decode("latin-1").strip() for key, value in headers if key.lower() == name]
        for name in (b"host", b"origin", b"sec-fetch-site")
    )
    if len(hosts) != 1 or not _OWN_HOST.fullmatch(hosts[0]):
        shown = ", ".join(hosts) or "missing"
        return f"the Host header must be 127.0.0.1, localhost or [::1], with or without a port; it is {shown}"
    own = f"http://{hosts[0]}".lower()
    for origin in origins:
        if origin.lower() != own:
            return f"web pages of other sites may not use the local cloud (Origin: {origin})"
    for site in sites:
        if site.lower() not in _OWN_SITES:
            return f"web pages of other sites may not use the local cloud (Sec-Fetch-Site: {site})"
    return None


def programs_only(app: Asgi) -> Asgi:
    """The application behind a check of every request; no answer invites other sites or acts as a page."""

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def guarded(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message.get("headers", []) if not _invites_all(pair)]
                if not any(bytes(name).lower() == _POLICY for name, _ in kept):
                    kept.append(_SANDBOX)
                message = {**message, "headers": kept}
            await send(message)

        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        reason = refusal(scope["headers"])
        if reason is None:
            await app(scope, receive, guarded)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
        else:
            await _refuse(send, reason)

    return serve


def _invites_all(pair: tuple[bytes, bytes]) -> bool:
    return (bytes(pair[0]).lower(), bytes(pair[1]).strip()) == _OPEN_TO_ALL


async def _refuse(send: Any, reason: str) -> None:
    body = json.dumps({"__type": "AccessDeniedException", "message": f"Refused: {reason}"}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
