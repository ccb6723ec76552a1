"""Enforced permissions of SageMaker: a guard before its requests, and what it does in the name of roles."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from local_cloud import hooks_permissions as hooks
from local_cloud.ministack_hooks import Answer, Handler, request_account, request_region
from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context, Contexts
from local_cloud.sagemaker.needs import Need, needs_of, request_of

_T = TypeVar("_T")
_JSON = "application/x-amz-json-1.1"
SAGEMAKER = "sagemaker.amazonaws.com"


class Authority:
    """What the service does in the name of roles: it assumes those that trust it, and they bound what it may.

    Parameters
    ----------
    loop
        The server's: sessions are opened on it, as requests open them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def assume(self, account: str, role_arn: str, seconds: int, principal: str = SAGEMAKER) -> dict[str, str]:
        """Open a session of a role.

        Raises
        ------
        ClientError
            The role is not there or does not trust the service.
        """
        if not hooks.trusts(account, role_arn, principal):
            error = {"Error": {"Code": "AccessDenied", "Message": _not_assumed(role_arn, principal)}}
            raise ClientError(error, "AssumeRole")
        return _on(self._loop, hooks.open_session, account, role_arn, "SageMaker", seconds)

    def refusal(
        self,
        account: str,
        region: str,
        role_arn: str,
        action: str,
        resource: str,
        conditions: Mapping[str, Any],
        principal: str = SAGEMAKER,
    ) -> str | None:
        """Why a role may not do something, in the words of AWS, or None; ClientError as `assume`."""
        key = self.assume(account, role_arn, seconds=60, principal=principal)["aws_access_key_id"]
        refused = hooks.judge_key(account, region, key, action, resource, conditions)
        return refused.message if refused else None


class Guard:
    """Stands before the service: a request passes when all that it needs is granted.

    Parameters
    ----------
    contexts
        Where the records are that say what a request is about (the key of an endpoint's configuration).
    handler
        Serves what passes.
    """

    def __init__(self, contexts: Contexts, authority: Authority, handler: Handler) -> None:
        self._contexts, self._authority, self._handler = contexts, authority, handler

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        """Answer AccessDeniedException, ValidationException for a role, or what the service says."""
        ctx = self._contexts.of(request_account(), request_region())
        operation, params = request_of(method, path, headers, body)
        if not operation and operations.find_route(method, path):
            unnamed = hooks.Refusal("AccessDeniedException", f"Nothing says what {method} {path} needs.")
            return _answer(unnamed, rest=True)
        for need in needs_of(ctx, operation, params):
            refusal = hooks.judge(headers, query, need.action, need.resource, need.conditions)
            if refusal is not None and self._role_may(ctx, need):
                refusal = None
            if refusal is None and need.action == "iam:PassRole":
                refusal = _distrust(ctx.account, need.resource)
            if refusal is not None:
                return _answer(refusal, rest=not headers.get("x-amz-target"))
        return await self._handler(method, path, headers, body, query)

    def _role_may(self, ctx: Context, need: Need) -> bool:
        """Whether a job's role has the grant that its creator has not, where either is enough."""
        if need.or_role is None or not hooks.trusts(ctx.account, need.or_role, SAGEMAKER):
            return False
        asked = (need.or_role, need.action, need.resource, need.conditions)
        return self._authority.refusal(ctx.account, ctx.region, *asked) is None


def _distrust(account: str, role_arn: str) -> hooks.Refusal | None:
    if hooks.trusts(account, role_arn, SAGEMAKER):
        return None
    return hooks.Refusal("ValidationException", _not_assumed(role_arn, SAGEMAKER))


def _not_assumed(role_arn: str, principal: str) -> str:
    return (
        f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
        f"'{principal}' to assume the role."
    )


def _on(loop: asyncio.AbstractEventLoop, function: Callable[..., _T], *arguments: Any) -> _T:
    """Call a function on a loop, from a worker thread or from the loop itself."""

    async def call() -> _T:
        return function(*arguments)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run_coroutine_threadsafe(call(), loop).result()
    return function(*arguments)


def _answer(refusal: hooks.Refusal, *, rest: bool) -> Answer:
    code = refusal.code if refusal.code.endswith("Exception") else f"{refusal.code}Exception"
    document = {"__type": code, "message": refusal.message, "Message": refusal.message}
    status = 403 if rest and code == "AccessDeniedException" else refusal.status
    headers = {"Content-Type": _JSON, "x-amzn-errortype": code}
    return status, headers, json.dumps(document).encode()
