"""Where enforced permissions touch the emulator's internals: each hook has a contract test of its own."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from local_cloud import hooks_requests
from local_cloud.marks import is_marked, mark

# Action and resource of the last refusal within a request.
_refused: ContextVar[tuple[str, str]] = ContextVar("local_cloud_refused", default=("", ""))


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused: the error code, the HTTP status and the words AWS has for it."""

    code: str
    message: str
    status: int = 400


def install() -> None:
    """Complete the emulator's judgement: loopback counts as TLS, keys of encrypted objects and ACLs count.

    Requests of CloudWatch have their namespace, and those of its logs the ARN of a stream, as on AWS.
    """
    _count_loopback_as_tls()
    _judge_by_the_service_of_the_action()
    _name_what_was_refused()
    hooks_requests.judge_what_else_objects_need()
    hooks_requests.name_log_streams()
    hooks_requests.name_metric_namespaces()


def judge(
    headers: Mapping[str, str],
    query: Mapping[str, Any],
    action: str,
    resource: str,
    conditions: Mapping[str, Any],
) -> Refusal | None:
    """Judge whether who has signed the request that is being served may do something; None when they may."""
    from ministack.core import responses, router

    key = router.extract_access_key_id(dict(headers), dict(query))
    return _enforce(key, action, resource, conditions, str(responses.get_region()))


def judge_key(
    account: str, region: str, access_key: str, action: str, resource: str, conditions: Mapping[str, Any]
) -> Refusal | None:
    """Judge whether the holder of an access key may do something, outside a request."""
    from ministack.core import responses

    with responses.request_scope(account, region):
        return _enforce(access_key, action, resource, conditions, region)


def open_session(account: str, role_arn: str, name: str, seconds: int) -> dict[str, str]:
    """Open a session of a role, as a service does that the role trusts; call it on the server's loop."""
    from ministack.services import sts

    owner, role = role_arn.split(":")[4] or account, role_arn.rpartition("/")[2]
    key, secret, token = sts._gen_session_access_key(), sts._gen_secret(), sts._gen_session_token()
    record = {
        "Arn": f"arn:aws:sts::{owner}:assumed-role/{role}/{name}",
        "UserId": f"{sts._role_id(role_arn)}:{name}",
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": time.time() + seconds,
        "AccountId": owner,
        "PrincipalType": "AssumedRole",
    }
    sts.register_session(key, record)
    return {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}


def trusts(account: str, role_arn: str, service: str) -> bool:
    """Whether a role exists and its trust policy lets a service assume it on behalf of the account."""
    from ministack.core import iam_evaluator as evaluator
    from ministack.services import iam

    owner = role_arn.split(":")[4] if role_arn.count(":") > 4 else account
    role = iam._roles.get_scoped(owner, None, role_arn.rpartition("/")[2])
    if role is None or role.get("Arn") != role_arn:
        return False
    context = evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region="",
        service_context={"aws:sourceaccount": account},
    )
    decision = evaluator.evaluate_resource_policy(_with_resource(role), context, service).decision
    return bool(decision == "Allow")


def _with_resource(role: Mapping[str, Any]) -> dict[str, Any]:
    """The trust policy as one that names its resource, as other policies of resources do."""
    document = role.get("AssumeRolePolicyDocument") or "{}"
    parsed: dict[str, Any] = json.loads(document) if isinstance(document, str) else dict(document)
    statements = parsed.get("Statement", [])
    listed = [statements] if isinstance(statements, dict) else statements
    return {**parsed, "Statement": [{**one, "Resource": "*"} for one in listed]}


def _enforce(
    key: str, action: str, resource: str, conditions: Mapping[str, Any], region: str
) -> Refusal | None:
    from ministack.core import iam_actions, iam_evaluator

    service = action.partition(":")[0]
    denied = iam_evaluator.enforce(
        key, action, service, region, resource_arn=resource, service_context=dict(conditions)
    )
    if denied is None:
        return None
    if isinstance(denied, iam_evaluator.AuthError):
        return Refusal(denied.code, denied.message, 403)
    explicit = denied.decision == "Deny"
    if explicit and denied.resource_policy_arn:
        words = f"User: {denied.principal_arn} is not authorized to perform: {action} on resource: {resource}"
        return Refusal("AccessDeniedException", f"{words} with an explicit deny in a resource-based policy")
    message = iam_actions.identity_denial_message(action, denied.principal_arn, resource, explicit)
    return Refusal("AccessDeniedException", message)


def _count_loopback_as_tls() -> None:
    """Let statements that want aws:SecureTransport pass: the emulator speaks plain HTTP on loopback alone."""
    from ministack import app

    original = app.pin_request_origin
    if is_marked(original):
        return

    @functools.wraps(original)
    def pin(source_ip: str, secure_transport: bool) -> None:
        original(source_ip, True)

    mark(pin)
    app.pin_request_origin = pin


def _judge_by_the_service_of_the_action() -> None:
    """Judge an action of another service inside a request (a key that S3 uses) by that service's policies."""
    from ministack.core import iam_evaluator

    original = iam_evaluator.enforce
    if is_marked(original):
        return

    @functools.wraps(original)
    def enforce(
        access_key_id: str, iam_action: str, service: str, region: str, *others: Any, **named: Any
    ) -> Any:
        judged = "kms" if iam_action.startswith("kms:") else service
        denied = original(access_key_id, iam_action, judged, region, *others, **named)
        if isinstance(denied, iam_evaluator.EvalResult):
            resource = str(others[0] if others else named.get("resource_arn", "*"))
            _refused.set((iam_action, resource))
        return denied

    mark(enforce)
    iam_evaluator.enforce = enforce


def _name_what_was_refused() -> None:
    """Name the resource in a refusal, as AWS does and the emulator does for some services alone."""
    from ministack.core import iam_actions

    original = iam_actions.access_denied_response
    if is_marked(original):
        return

    @functools.wraps(original)
    def respond(service: str, action: str, principal_arn: str, request_id: str, **named: Any) -> Any:
        refused, resource = _refused.get()
        by_its_policy = named.get("explicit_deny") and named.get("resource_policy_arn")
        plain = not (named.get("message") or named.get("error_code") or by_its_policy)
        if plain and refused == action and resource != "*":
            where = f'"{resource}"' if resource.startswith("arn:aws:s3:") else resource
            explicit = bool(named.get("explicit_deny"))
            named["message"] = iam_actions.identity_denial_message(action, principal_arn, where, explicit)
        return original(service, action, principal_arn, request_id, **named)

    mark(respond)
    iam_actions.access_denied_response = respond
