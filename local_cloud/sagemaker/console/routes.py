"""The addresses of the page: its files, and what it shows as JSON. All of them only read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from typing import Any

from local_cloud.sagemaker.console import views
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.operations import Request, Response, route

ROOT = "/_local_cloud/"
_STATIC = files("local_cloud.sagemaker.console") / "static"
_FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
}
# Names, reasons and log lines are whatever users wrote: nothing but the page's own files may run or load.
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
View = Callable[[Context, dict[str, str]], dict[str, Any]]


@route("GET", rf"{ROOT}(?P<name>|page\.js|page\.css)")
def page(ctx: Context, request: Request) -> Response:
    """The page and its two files."""
    name, type_ = _FILES[request.match["name"]]
    return _respond(request, (_STATIC / name).read_bytes(), type_)


def _serve(name: str, view: View) -> None:
    @route("GET", rf"{ROOT}console/{name}")
    def serve(ctx: Context, request: Request) -> Response:
        body = json.dumps(view(ctx, request.query), default=_wire, sort_keys=True).encode()
        return _respond(request, body, "application/json")


_serve("overview", lambda ctx, query: views.overview(ctx))
_serve("execution", lambda ctx, query: views.execution(ctx, _asked(query, "arn")))
_serve("log", lambda ctx, query: views.log(ctx, _asked(query, "group"), _asked(query, "stream")))


def _asked(query: dict[str, str], name: str) -> str:
    if not query.get(name):
        raise ServiceError("ValidationException", f"The query parameter '{name}' is missing.")
    return query[name]


def _respond(request: Request, body: bytes, type_: str) -> Response:
    """The body, or 304 when the page has it already: it asks again and again."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**_HEADERS, "Content-Type": type_, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(304, headers, b"")
    return Response(200, headers, body)


def _wire(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
