"""Programs of this machine come in; pages of other sites do not, whatever they try."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from local_cloud.visitors import programs_only, refusal


def _headers(**given: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:4566",
        "localhost",
        "LocalHost:4566",
        "[::1]:4566",
        "raw-reviews.localhost:4566",
        "raw-reviews.s3.localhost:4566",
        "raw.reviews.s3.us-east-1.localhost",
    ],
)
def test_programs_of_this_machine_come_in(host: str) -> None:
    assert refusal(_headers(host=host)) is None
    assert refusal(_headers(host=host, sec_fetch_site="none")) is None
    assert refusal(_headers(host=host, origin=f"http://{host}", sec_fetch_site="same-origin")) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:4566",
        "localhost.evil.example:4566",
        "127.0.0.1.evil.example",
        "evillocalhost",
        "127.0.0.1:4566@evil.example",
        "localhost:4566 evil.example",
        "0.0.0.0:4566",
    ],
)
def test_a_name_that_was_made_to_resolve_here_is_refused(host: str) -> None:
    reason = refusal(_headers(host=host))
    assert reason is not None
    assert "Host header" in reason


def test_a_request_has_exactly_one_host() -> None:
    assert refusal([]) is not None
    assert refusal([*_headers(host="localhost"), *_headers(host="localhost")]) is not None


@pytest.mark.parametrize(
    "given",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"origin": "http://127.0.0.1:4566.evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "http://127.0.0.1:4566", "sec_fetch_site": "cross-site"},
    ],
)
def test_pages_of_other_sites_are_refused(given: dict[str, str]) -> None:
    reason = refusal(_headers(host="127.0.0.1:4566", **given))
    assert reason is not None
    assert "web pages of other sites" in reason


def _serve(
    scope: dict[str, Any], *own: tuple[bytes, bytes]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is sent, and the scopes that reached an application whose answers invite everybody."""
    sent: list[dict[str, Any]] = []
    passed: list[dict[str, Any]] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        passed.append(scope)
        headers = [(b"Access-Control-Allow-Origin", b"*"), (b"etag", b"1"), *own]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(programs_only(app)(scope, None, send))  # type: ignore[arg-type]
    return sent, passed


def test_no_answer_invites_other_sites() -> None:
    sent, passed = _serve({"type": "http", "headers": _headers(host="localhost")})
    assert len(passed) == 1
    assert sent[0]["headers"] == [(b"etag", b"1"), (b"content-security-policy", b"sandbox")]


def test_a_page_in_a_bucket_is_no_page_of_the_server_and_the_servers_own_keeps_its_policy() -> None:
    own = (b"Content-Security-Policy", b"default-src 'none'")
    for given, wanted in (((), b"sandbox"), ((own,), own[1])):
        sent, _ = _serve({"type": "http", "headers": _headers(host="localhost")}, *given)
        found = [value for name, value in sent[0]["headers"] if name.lower() == b"content-security-policy"]
        assert found == [wanted]


def test_refusals_are_answers_and_reach_nobody() -> None:
    headers = _headers(host="localhost", origin="https://evil.example")
    sent, passed = _serve({"type": "http", "headers": headers})
    assert passed == []
    assert sent[0]["status"] == 403
    assert json.loads(sent[1]["body"])["message"].startswith("Refused: web pages of other sites")
    sent, passed = _serve({"type": "websocket", "headers": headers})
    assert (passed, sent[0]["type"]) == ([], "websocket.close")


def test_the_servers_own_start_and_stop_pass() -> None:
    assert len(_serve({"type": "lifespan"})[1]) == 1
