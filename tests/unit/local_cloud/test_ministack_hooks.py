"""One contract test for each private hook of the emulator: it fails when the hook has moved."""

from __future__ import annotations

import asyncio
import inspect
import json
from importlib.metadata import version
from typing import Any

import pytest

from local_cloud import ministack_hooks as hooks

app = pytest.importorskip("ministack.app")
from ministack.core import responses, router  # noqa: E402
from ministack.services import athena, eventbridge, s3, scheduler  # noqa: E402
from ministack.services.cloudformation import provisioners, stacks  # noqa: E402

ACCOUNT, REGION = "111122223333", "eu-west-1"


def test_the_pinned_version_is_installed() -> None:
    assert version("ministack") == "1.5.33"


def test_services_are_found_by_target_and_by_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "SERVICE_PATTERNS", dict(router.SERVICE_PATTERNS))
    monkeypatch.setattr(app, "SERVICE_HANDLERS", dict(app.SERVICE_HANDLERS))

    async def handler(*_: Any) -> hooks.Answer:
        return 200, {}, b""

    hooks.register_service("sagemaker", handler, target_prefix="SageMaker.", paths=())
    assert app.SERVICE_HANDLERS["sagemaker"] is handler
    by_target = router.detect_service("POST", "/", {"x-amz-target": "SageMaker.ListModels"}, {})
    credential = f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/{REGION}/sagemaker/aws4_request, x=y"
    by_signature = router.detect_service(
        "POST", "/endpoints/e/invocations", {"authorization": credential}, {}
    )
    assert (by_target, by_signature) == ("sagemaker", "sagemaker")


def test_a_request_gives_its_account_and_region() -> None:
    with responses.request_scope(ACCOUNT, REGION):
        assert (hooks.request_account(), hooks.request_region()) == (ACCOUNT, REGION)


def test_the_application_is_asgi() -> None:
    assert list(inspect.signature(hooks.asgi_app()).parameters) == ["scope", "receive", "send"]


def test_content_types_in_lower_case_are_left_alone() -> None:
    headers = {"content-type": "application/json"}
    responses.fix_success_content_type("sagemaker", 200, headers)
    assert headers == {"content-type": "application/json"}


@pytest.fixture
def kettle(monkeypatch: pytest.MonkeyPatch) -> str:
    for name in (
        "_RESOURCE_HANDLERS",
        "_REPLACING_PROPERTIES",
        "_CUSTOM_NAME_REPLACEMENT",
        "_STACK_TAG_PROPERTY",
    ):
        monkeypatch.setattr(provisioners, name, dict(getattr(provisioners, name)))
    monkeypatch.setattr(stacks, "_runs_on_worker_thread", stacks._runs_on_worker_thread)
    handlers = {
        "create": lambda logical_id, properties, stack: (f"{stack}-{logical_id}", {"Arn": "arn"}),
        "update": lambda physical_id, old, new, stack: (physical_id, {"Colour": new["Colour"]}),
        "delete": lambda physical_id, properties: None,
    }
    hooks.register_resource_type(
        "AWS::Test::Kettle", handlers, replacing=("Volume",), name_property="KettleName", taggable=True
    )
    return "AWS::Test::Kettle"


def test_resource_types_are_created_by_their_handler(kettle: str) -> None:
    made = provisioners._provision_resource(kettle, "Small", {"Volume": 1}, "stack")
    assert made == ("stack-Small", {"Arn": "arn"})


def test_resource_types_are_updated_in_place_by_their_handler(kettle: str) -> None:
    changed = provisioners._update_resource(
        kettle, "id", {"Colour": "red"}, {"Colour": "blue"}, "stack", "Small"
    )
    assert changed == ("id", {"Colour": "blue"})


def test_a_replacing_property_makes_a_new_resource(kettle: str) -> None:
    assert provisioners._property_recreation(kettle, "Volume") == "Always"
    made = provisioners._update_resource(kettle, "id", {"Volume": 1}, {"Volume": 2}, "stack", "Small")
    assert made == ("stack-Small", {"Arn": "arn"})


def test_a_named_resource_is_not_replaced(kettle: str) -> None:
    old, new = {"KettleName": "k", "Volume": 1}, {"KettleName": "k", "Volume": 2}
    with pytest.raises(ValueError, match="custom-named resource"):
        provisioners._update_resource(kettle, "k", old, new, "stack", "Small")


def test_tags_of_the_stack_reach_a_taggable_type(kettle: str) -> None:
    tags = [{"Key": "team", "Value": "a"}]
    merged = provisioners._with_stack_tags(kettle, {"Volume": 1}, tags, "stack", "arn:stack", "Small")
    assert {"Key": "team", "Value": "a"} in merged["Tags"]


def test_registered_types_run_on_a_worker_thread(kettle: str) -> None:
    assert stacks._runs_on_worker_thread(kettle)
    assert stacks._runs_on_worker_thread("Custom::Anything")
    assert not stacks._runs_on_worker_thread("AWS::SNS::Topic")


def test_generated_names_carry_stack_and_logical_id() -> None:
    name = hooks.physical_name("a-long-stack-name", "Logical", longest=30)
    assert len(name) <= 30
    assert name.startswith("a-long-stack")


@pytest.fixture
def invoked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    seen: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def record(target: dict[str, Any], event: dict[str, Any], rule: Any, view: Any = None) -> None:
        seen.append((target, {"account": hooks.request_account(), **event}))

    monkeypatch.setattr(eventbridge, "_invoke_target", record)
    return seen


def test_events_of_aws_sources_reach_the_targets_of_rules(
    invoked: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    with responses.request_scope(ACCOUNT, REGION):
        eventbridge._ensure_default_bus()
        pattern = json.dumps({"source": ["aws.sagemaker"], "detail": {"status": ["Done"]}})
        eventbridge._put_rule({"Name": "done", "EventPattern": pattern})
        target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"}
        eventbridge._put_targets({"Rule": "done", "Targets": [target]})
    hooks.put_event(ACCOUNT, REGION, "Test Change", {"status": "Done"}, ["arn:one"])
    hooks.put_event(ACCOUNT, REGION, "Test Change", {"status": "Not yet"}, [])
    assert [(item[0]["Id"], item[1]["account"], item[1]["Resources"]) for item in invoked] == [
        ("1", ACCOUNT, ["arn:one"])
    ]


def test_events_of_worker_threads_are_put_in_order_on_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, bool]] = []
    loops: list[asyncio.AbstractEventLoop] = []

    def put(given: dict[str, Any], allow_aws_source: bool = False) -> None:
        entry = given["Entries"][0]
        seen.append((entry["DetailType"], asyncio.get_running_loop() is loops[0]))

    monkeypatch.setattr(eventbridge, "_put_events", put)

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        sink = hooks.on_loop(loops[0])
        for name in ("First", "Second"):
            await asyncio.to_thread(sink, ACCOUNT, REGION, name, {}, [])
        await asyncio.sleep(0)

    asyncio.run(run())
    assert seen == [("First", True), ("Second", True)]


def test_targets_that_are_pipelines_start_them_and_others_go_on(
    invoked: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    started: list[tuple[str, str, hooks.PipelineTarget]] = []
    hooks.register_pipeline_targets(lambda *given: started.append(given))
    parameters = {"PipelineParameterList": [{"Name": "Epochs", "Value": "2"}]}
    pipeline = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/reviews"
    with responses.request_scope(ACCOUNT, REGION):
        target = {"Arn": pipeline, "RoleArn": "arn:role", "SageMakerPipelineParameters": parameters}
        eventbridge._invoke_target(target, {}, {"Name": "rule", "EventBusName": "default"})
        eventbridge._invoke_target({"Arn": pipeline}, {}, {"Name": "schedule", "GroupName": "default"})
        eventbridge._invoke_target({"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"}, {}, {})
    epochs = [{"Name": "Epochs", "Value": "2"}]
    assert started == [
        (ACCOUNT, REGION, hooks.PipelineTarget("reviews", epochs, "arn:role", "events.amazonaws.com")),
        (ACCOUNT, REGION, hooks.PipelineTarget("reviews", [], None, "scheduler.amazonaws.com")),
    ]
    assert [target["Arn"].split(":")[2] for target, _ in invoked] == ["sqs"]


def test_schedules_go_through_the_same_target_hook() -> None:
    assert "_eb._invoke_target(" in inspect.getsource(scheduler._tick_schedules)


@pytest.mark.parametrize("location", ["s3://results/reviews/", "s3://results/reviews"])
def test_results_of_a_query_are_where_athena_says(monkeypatch: pytest.MonkeyPatch, location: str) -> None:
    monkeypatch.setattr(athena, "_save_query_results", athena._save_query_results)
    hooks.put_query_results_in_place()

    async def run() -> str:
        given = {"QueryString": "SELECT 1 AS one", "ResultConfiguration": {"OutputLocation": location}}
        query = json.loads(athena._start_query_execution(given)[2])["QueryExecutionId"]
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*tasks)
        return str(query)

    with responses.request_scope(ACCOUNT, REGION):
        s3._create_bucket("results", b"", {})
        query = asyncio.run(run())
        execution = json.loads(athena._get_query_execution({"QueryExecutionId": query})[2])["QueryExecution"]
        content = s3._get_object_data("results", f"reviews/{query}.csv")
    assert execution["Status"]["State"] == "SUCCEEDED"
    assert execution["ResultConfiguration"]["OutputLocation"] == f"s3://results/reviews/{query}.csv"
    assert content.split() == [b"one", b"1"]
