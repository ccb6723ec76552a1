"""The one place that touches the emulator's internals: each hook here has a contract test of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_cloud.marks import is_marked, mark

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, list[str]]], Awaitable[Answer]]
TargetStarter = Callable[[str, str, "PipelineTarget"], None]
CfnHandlers = dict[str, Callable[..., Any]]


@dataclass(frozen=True)
class PipelineTarget:
    """A pipeline that a rule or a schedule starts.

    Parameters
    ----------
    role : str, optional
        The role that starts it.
    principal : str
        Who assumes the role, for example ``events.amazonaws.com``.
    """

    name: str
    parameters: list[dict[str, str]]
    role: str | None
    principal: str


def register_service(name: str, handler: Handler, *, target_prefix: str, paths: Sequence[str]) -> None:
    """Route requests signed for `name` (or carrying its x-amz-target) to `handler`."""
    from ministack import app
    from ministack.core import router

    router.SERVICE_PATTERNS[name] = {
        "target_prefixes": [target_prefix],
        "host_patterns": [rf"{name}\."],
        "path_patterns": list(paths),
    }
    app.SERVICE_HANDLERS[name] = handler


def asgi_app() -> Callable[..., Awaitable[None]]:
    """The emulator's ASGI application."""
    from ministack import app

    application: Callable[..., Awaitable[None]] = app.app
    return application


def request_account() -> str:
    """The account of the request that is being served."""
    from ministack.core import responses

    return str(responses.get_account_id())


def request_region() -> str:
    """The region of the request that is being served."""
    from ministack.core import responses

    return str(responses.get_region())


def register_resource_type(
    cfn_type: str, handlers: CfnHandlers, *, replacing: Sequence[str], name_property: str, taggable: bool
) -> None:
    """Teach CloudFormation a resource type.

    Parameters
    ----------
    cfn_type : str
        For example ``AWS::SageMaker::Pipeline``.
    handlers : dict
        ``create(logical_id, properties, stack)``, ``update(physical_id, old, new, stack)`` and
        ``delete(physical_id, properties)``; they run on a worker thread, so they may block.
    replacing : sequence of str
        Properties whose change replaces the resource.
    name_property : str
        The property that names the resource; a named resource cannot be replaced under its name.
    taggable : bool
        Whether the stack's tags are merged into the property ``Tags``.
    """
    from ministack.services.cloudformation import provisioners

    provisioners._RESOURCE_HANDLERS[cfn_type] = handlers
    provisioners._REPLACING_PROPERTIES[cfn_type] = tuple(replacing)
    provisioners._CUSTOM_NAME_REPLACEMENT[cfn_type] = {"name": name_property}
    if taggable:
        provisioners._STACK_TAG_PROPERTY[cfn_type] = ("Tags", "list")
    _WORKER_THREAD_TYPES.add(cfn_type)
    _install_worker_threads()


def physical_name(stack: str, logical_id: str, *, longest: int) -> str:
    """The name CloudFormation generates for a resource that has none."""
    from ministack.services.cloudformation import provisioners

    return str(provisioners._physical_name(stack, logical_id, max_len=longest))


def put_event(
    account: str, region: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]
) -> None:
    """Put an event of source ``aws.sagemaker`` on the account's default bus."""
    from ministack.core import responses
    from ministack.services import eventbridge

    entry = {
        "Source": "aws.sagemaker",
        "DetailType": detail_type,
        "Detail": json.dumps(detail, default=_milliseconds),
        "Resources": list(resources),
    }
    with responses.request_scope(account, region):
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def on_loop(loop: asyncio.AbstractEventLoop) -> Callable[..., None]:
    """`put_event` for worker threads: delivered in order on the server's loop, as PutEvents is."""

    def sink(
        account: str, region: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]
    ) -> None:
        loop.call_soon_threadsafe(put_event, account, region, detail_type, dict(detail), list(resources))

    return sink


def register_pipeline_targets(start: TargetStarter) -> None:
    """Let EventBridge rules and schedules start pipelines: `start(account, region, target)`."""
    from ministack.services import eventbridge

    original = eventbridge._invoke_target

    def invoke(target: dict[str, Any], event: Any, rule: Any, view: Any = None) -> None:
        service, name = _pipeline_of(str(target.get("Arn", "")))
        if service != "sagemaker":
            original(target, event, rule, view)
            return
        listed = (target.get("SageMakerPipelineParameters") or {}).get("PipelineParameterList", [])
        given = [{"Name": str(item["Name"]), "Value": str(item["Value"])} for item in listed]
        source = "scheduler" if "GroupName" in rule else "events"
        asked = PipelineTarget(name, given, target.get("RoleArn"), f"{source}.amazonaws.com")
        start(request_account(), request_region(), asked)

    eventbridge._invoke_target = invoke


def put_query_results_in_place() -> None:
    """Let Athena write the results of a query where it says: ``<OutputLocation>/<query id>.csv``."""
    from ministack.services import athena

    original = athena._save_query_results
    if is_marked(original):
        return

    async def save(query_id: str) -> None:
        configuration = athena._executions[query_id]["ResultConfiguration"]
        name = f"{query_id}.csv"
        folder = str(configuration["OutputLocation"]).removesuffix(name).rstrip("/") + "/"
        configuration["OutputLocation"] = folder
        await original(query_id)
        configuration["OutputLocation"] = f"{folder}{name}"

    mark(save)
    athena._save_query_results = save


_WORKER_THREAD_TYPES: set[str] = set()


def _install_worker_threads() -> None:
    from ministack.services.cloudformation import stacks

    original = stacks._runs_on_worker_thread
    if is_marked(original):
        return

    def runs_on_worker_thread(resource_type: str) -> bool:
        return resource_type in _WORKER_THREAD_TYPES or bool(original(resource_type))

    mark(runs_on_worker_thread)
    stacks._runs_on_worker_thread = runs_on_worker_thread


def _pipeline_of(arn: str) -> tuple[str, str]:
    parts = arn.split(":", 5)
    if len(parts) == 6 and parts[2] == "sagemaker" and parts[5].startswith("pipeline/"):
        return "sagemaker", parts[5].partition("/")[2]
    return "", ""


def _milliseconds(value: object) -> object:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    return str(value)
