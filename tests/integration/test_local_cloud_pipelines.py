"""A definition that the SageMaker Python SDK writes, on a local cloud: callback, loop, nested conditions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.conftest import ACCOUNT, REGION, Cloud, until
from tests.integration.test_local_cloud_functions import create_function

pytestmark = pytest.mark.integration

ROLE = f"arn:aws:iam::{ACCOUNT}:role/sdk-pipelines"
CODE = """
def score(event, context):
    return {"Score": float(event["Value"]) / 10, "Name": event["Name"]}


def tell(event, context):
    return {}
"""
Json = dict[str, Any]


class Built:
    """The pipeline on the cloud, with its queue."""

    def __init__(self, cloud: Cloud) -> None:
        self.sagemaker, self.sqs = cloud.client("sagemaker"), cloud.client("sqs")
        assert cloud.make_role("sdk-pipelines") == ROLE
        self.queue = self.sqs.create_queue(QueueName="questions")["QueueUrl"]
        files = {"code.py": CODE.encode()}
        self.functions = {
            name: create_function(cloud, f"sdk-{name}", files, f"code.{name}", role=ROLE)
            for name in ("score", "tell")
        }
        body = definition(self.queue, self.functions)
        self.sagemaker.create_pipeline(PipelineName="sdk", PipelineDefinition=body, RoleArn=ROLE)

    def start(self, **parameters: str) -> str:
        given = [{"Name": name, "Value": value} for name, value in parameters.items()]
        started = self.sagemaker.start_pipeline_execution(PipelineName="sdk", PipelineParameters=given)
        return str(started["PipelineExecutionArn"])

    def question(self) -> Json:
        """The next message that a Callback step sends."""
        (message,) = until(
            lambda: self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=1).get("Messages", []), bool
        )
        self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        body: Json = json.loads(message["Body"])
        return body

    def answer(self, token: str, **outputs: str) -> None:
        listed = [{"Name": name, "Value": value} for name, value in outputs.items()]
        self.sagemaker.send_pipeline_execution_step_success(CallbackToken=token, OutputParameters=listed)

    def end(self, arn: str) -> tuple[Json, dict[str, Json]]:
        described = until(
            lambda: self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn),
            lambda found: found["PipelineExecutionStatus"] not in ("Executing", "Stopping"),
        )
        pages = self.sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
            PipelineExecutionArn=arn, PaginationConfig={"PageSize": 3}
        )
        steps = [step for page in pages for step in page["PipelineExecutionSteps"]]
        return described, {step["StepName"]: step for step in steps}


@pytest.fixture(scope="module")
def built(cloud: Cloud) -> Built:
    return Built(cloud)


def definition(queue: str, functions: dict[str, str]) -> str:
    """What the SDK writes; it asks for a region as soon as it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        from tests.integration import sdk_pipeline

        return sdk_pipeline.definition(queue, functions)


def test_an_answer_a_loop_and_nested_conditions_lead_to_the_end(built: Built) -> None:
    arn = built.start()
    body = built.question()
    assert body["arguments"] == {"question": "least 0.8", "run": arn.rpartition("/")[2]}
    assert (body["status"], body["pipelineExecutionArn"]) == ("Executing", arn)
    built.answer(body["token"], Verdict="no", Votes="11")
    described, steps = built.end(arn)
    assert described["PipelineExecutionStatus"] == "Succeeded", (described, steps)
    assert set(steps) == {"Ask", "Each", "Try-0", "Try-1", "Gate", "Inner", "Tell"}
    outputs = [{"Name": "Verdict", "Value": "no"}, {"Name": "Votes", "Value": "11"}]
    wanted = {"CallbackToken": body["token"], "SqsQueueUrl": built.queue, "OutputParameters": outputs}
    assert steps["Ask"]["Metadata"] == {"Callback": wanted}
    assert steps["Gate"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    assert steps["Tell"]["Metadata"]["Lambda"]["Arn"] == built.functions["tell"]


@pytest.mark.parametrize(
    ("verdict", "mood", "reason"),
    [("never", "calm", "Refuse: best is b but never"), ("yes", "angry", "Angry: too angry")],
)
def test_a_fail_step_says_why(built: Built, verdict: str, mood: str, reason: str) -> None:
    arn = built.start(Mood=mood)
    built.answer(built.question()["token"], Verdict=verdict, Votes="1")
    described, steps = built.end(arn)
    assert described["PipelineExecutionStatus"] == "Failed"
    assert described["FailureReason"].endswith(reason)
    assert next(iter(steps[reason.partition(":")[0]]["Metadata"])) == "Fail"


def test_a_failed_callback_is_handled_and_asked_again_by_a_retry(built: Built) -> None:
    arn = built.start()
    first = built.question()["token"]
    built.sagemaker.send_pipeline_execution_step_failure(CallbackToken=first, FailureReason="on holiday")
    described, steps = built.end(arn)
    assert described["PipelineExecutionStatus"] == "CompletedWithFailures"
    assert (steps["Ask"]["FailureReason"], steps["Mourn"]["StepStatus"]) == ("on holiday", "Succeeded")
    tried = {name: step["StartTime"] for name, step in steps.items() if name.startswith("Try")}
    built.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    second = built.question()["token"]
    assert second != first
    built.answer(second, Verdict="fine", Votes="1")
    described, steps = built.end(arn)
    assert described["PipelineExecutionStatus"] == "Succeeded", (described, steps)
    assert {name: step["StartTime"] for name, step in steps.items() if name.startswith("Try")} == tried


def test_a_stop_is_told_to_the_queue_and_waits_for_the_answer(built: Built) -> None:
    arn = built.start()
    token = built.question()["token"]
    built.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    body = built.question()
    assert (body["status"], body["token"]) == ("Stopping", token)
    built.answer(token, Verdict="yes")
    described, steps = built.end(arn)
    assert described["PipelineExecutionStatus"] == "Stopped"
    assert "Gate" not in steps


def test_the_parameters_are_checked_as_they_were_declared(built: Built) -> None:
    client = built.sagemaker
    for given, named in (
        ({"Mood": "glad"}, "calm, angry"),
        ({"Least": "much"}, "Float"),
        ({"Moon": "x"}, "Moon"),
    ):
        with pytest.raises(client.exceptions.ClientError, match=named) as caught:
            built.start(**given)
        assert caught.value.response["Error"]["Code"] == "ValidationException"
