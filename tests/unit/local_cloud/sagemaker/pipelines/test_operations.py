"""Pipelines and executions by their operations: the real executor and jobs, no emulator."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local_cloud.sagemaker import model, operations
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.pipelines import records
from local_cloud.sagemaker.pipelines.executor import Execution
from local_cloud.sagemaker.pipelines.job_steps import job_name

from . import api
from .conftest import PipelineContext
from .documents import FUNCTION, condition, document, equals, fail, lambda_step, parameter

ROLE = "arn:aws:iam::123456789012:role/r"
Json = dict[str, Any]
Events = list[tuple[str, Mapping[str, Any]]]
GATE = condition("Gate", [equals({"Get": "Parameters.Stop"}, "no")], [], [fail("Refuse", "stopped")])
SIMPLE = document(GATE, parameters=(parameter("Stop", default="no"), parameter("N", "Integer", 3)))


pytestmark = pytest.mark.usefixtures("quiet")


def _create(ctx: PipelineContext, text: str = SIMPLE, name: str = "Reviews") -> str:
    params = {
        "PipelineName": name,
        "PipelineDefinition": text,
        "RoleArn": ROLE,
        "ClientRequestToken": "t" * 32,
    }
    return str(operations.call(ctx, "CreatePipeline", params)["PipelineArn"])


_tokens = iter(range(10_000))


def _start(ctx: PipelineContext, token: str | None = None, **given: str) -> str:
    params = {
        "PipelineName": "Reviews",
        "ClientRequestToken": token or f"{next(_tokens):032d}",
        "PipelineParameters": [{"Name": name, "Value": value} for name, value in given.items()],
    }
    return str(operations.call(ctx, "StartPipelineExecution", params)["PipelineExecutionArn"])


def _job(name: str, script: str) -> Json:
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    arguments = {
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": "i", "ContainerEntrypoint": ["/bin/bash", "-ec", script]},
    }
    return {"Name": name, "Type": "Processing", "Arguments": arguments}


def test_a_definition_that_cannot_run_is_refused(ctx: PipelineContext) -> None:
    with pytest.raises(
        ServiceError, match="step 'A': type 'EMR' is not supported: Amazon EMR is not here"
    ) as caught:
        _create(ctx, document({"Name": "A", "Type": "EMR", "Arguments": {}}))
    assert caught.value.code == "ValidationException"
    with pytest.raises(ServiceError, match="PipelineDefinition or"):
        operations.call(
            ctx, "CreatePipeline", {"PipelineName": "p", "RoleArn": ROLE, "ClientRequestToken": "t" * 32}
        )
    assert ctx.store.list("Pipeline") == []


def test_a_definition_may_lie_in_s3(ctx: PipelineContext) -> None:
    ctx.stub.objects["definitions", "reviews.json"] = SIMPLE.encode()
    location = {"Bucket": "definitions", "ObjectKey": "reviews.json"}
    params = {"PipelineName": "p", "RoleArn": ROLE, "ClientRequestToken": "t" * 32}
    operations.call(ctx, "CreatePipeline", {**params, "PipelineDefinitionS3Location": location})
    described = operations.call(ctx, "DescribePipeline", {"PipelineName": "p"})
    assert described["PipelineDefinition"] == SIMPLE
    assert described["PipelineStatus"] == "Active"


@pytest.mark.parametrize(("body", "why"), [(None, "NoSuchKey"), (b"\xff", "can't decode")])
def test_a_definition_that_cannot_be_read_from_s3_is_named(
    ctx: PipelineContext, body: bytes | None, why: str
) -> None:
    if body:
        ctx.stub.objects["definitions", "gone.json"] = body
    location = {"Bucket": "definitions", "ObjectKey": "gone.json"}
    params = {"PipelineName": "p", "RoleArn": ROLE, "ClientRequestToken": "t" * 32}
    with pytest.raises(ServiceError, match=rf"s3://definitions/gone.json: .*{why}") as caught:
        operations.call(ctx, "CreatePipeline", {**params, "PipelineDefinitionS3Location": location})
    assert caught.value.code == "ValidationException"


def test_an_update_leaves_earlier_executions_their_definition(ctx: PipelineContext) -> None:
    arn = _create(ctx)
    execution = _start(ctx)
    api.ended(ctx, execution)
    changed = document(fail("Other", "x"))
    operations.call(ctx, "UpdatePipeline", {"PipelineName": "Reviews", "PipelineDefinition": changed})
    with pytest.raises(ServiceError, match="not supported"):
        broken = document({"Name": "A", "Type": "EMR", "Arguments": {}})
        operations.call(ctx, "UpdatePipeline", {"PipelineName": "Reviews", "PipelineDefinition": broken})
    kept = operations.call(ctx, "DescribePipelineDefinitionForExecution", {"PipelineExecutionArn": execution})
    assert kept["PipelineDefinition"] == SIMPLE
    assert operations.call(ctx, "DescribePipeline", {"PipelineName": arn})["PipelineDefinition"] == changed


def test_an_execution_lists_its_parameters_defaults_included(ctx: PipelineContext) -> None:
    _create(ctx)
    arn = _start(ctx, N="5")
    found = operations.call(ctx, "ListPipelineParametersForExecution", {"PipelineExecutionArn": arn})
    assert {one["Name"]: one["Value"] for one in found["PipelineParameters"]} == {"N": "5", "Stop": "no"}
    assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Succeeded"


def test_unknown_parameters_start_nothing(ctx: PipelineContext) -> None:
    _create(ctx)
    with pytest.raises(ServiceError, match="unknown parameter 'Epochs'"):
        _start(ctx, Epochs="1")
    assert ctx.store.list("PipelineExecution") == []


def test_a_parameter_without_default_has_to_be_given(ctx: PipelineContext) -> None:
    _create(ctx, document(GATE, parameters=(parameter("Stop"), parameter("N", "Integer", 3))))
    with pytest.raises(ServiceError, match="'Stop' has no default value and was not given") as caught:
        _start(ctx, N="5")
    assert caught.value.code == "ValidationException"
    assert ctx.store.list("PipelineExecution") == []
    assert api.ended(ctx, _start(ctx, Stop="no"))["PipelineExecutionStatus"] == "Succeeded"


def test_the_same_request_token_starts_once(ctx: PipelineContext) -> None:
    _create(ctx)
    assert _start(ctx, "a" * 32) == _start(ctx, "a" * 32) != _start(ctx, "b" * 32)
    found = operations.call(ctx, "ListPipelineExecutions", {"PipelineName": "Reviews"})
    assert len(found["PipelineExecutionSummaries"]) == 2


def test_a_refusal_is_the_reason_of_the_execution_and_an_event(ctx: PipelineContext, events: Events) -> None:
    _create(ctx)
    arn = _start(ctx, Stop="yes")
    assert api.ended(ctx, arn)["FailureReason"].endswith("Refuse: stopped")
    statuses = [
        detail["currentPipelineExecutionStatus"] for kind, detail in events if "Execution Status" in kind
    ]
    assert statuses == ["Executing", "Failed"]
    steps = [(one["stepName"], one["currentStepStatus"]) for kind, one in events if "Step Status" in kind]
    assert steps == [
        ("Gate", "Executing"),
        ("Gate", "Succeeded"),
        ("Refuse", "Executing"),
        ("Refuse", "Failed"),
    ]
    listed = operations.call(ctx, "ListPipelineExecutions", {"PipelineName": "Reviews"})
    assert "stopped" in listed["PipelineExecutionSummaries"][0]["PipelineExecutionFailureReason"]


def test_what_a_function_answered_is_in_the_step_and_in_its_event(
    ctx: PipelineContext, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Client:
        def invoke(self, **asked: Any) -> Json:
            return {"Payload": io.BytesIO(b'{"Uri": "s3://b/k"}')}

    monkeypatch.setattr(ctx, "patient_client", lambda *_, **__: Client())
    _create(ctx, document(lambda_step("Look"), fail("Stop", {"Get": "Steps.Look.OutputParameters['Uri']"})))
    arn = _start(ctx)
    assert api.ended(ctx, arn)["FailureReason"].endswith("Stop: s3://b/k")
    outputs = [{"Name": "Uri", "Value": "s3://b/k"}]
    assert api.steps(ctx, arn)["Look"]["Metadata"] == {
        "Lambda": {"Arn": FUNCTION, "OutputParameters": outputs}
    }
    told = [one for kind, one in events if "Step Status" in kind and one["currentStepStatus"] == "Succeeded"]
    assert [(one["stepName"], one["stepType"], one["metadata"]) for one in told] == [
        (
            "Look",
            "Lambda",
            {"lambda": {"arn": FUNCTION, "outputParameters": [{"name": "Uri", "value": "s3://b/k"}]}},
        )
    ]


def test_steps_run_as_jobs_of_the_execution(ctx: PipelineContext) -> None:
    _create(ctx, document(_job("Prepare_Data", "true")))
    arn = _start(ctx)
    assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Succeeded"
    name = api.steps(ctx, arn)["Prepare_Data"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    assert name.startswith(f"pipelines-{arn.rpartition('/')[2]}-Prepare-Data-")
    job = operations.call(ctx, "DescribeProcessingJob", {"ProcessingJobName": name})
    assert (job["ProcessingJobStatus"], job["RoleArn"]) == ("Completed", ROLE)


def test_a_value_a_job_does_not_take_fails_the_step(ctx: PipelineContext) -> None:
    step = _job("A", "true")
    step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = {"Get": "Parameters.N"}
    _create(ctx, document(step, parameters=(parameter("N", "Integer", 0),)))
    arn = _start(ctx)
    api.ended(ctx, arn)
    reason = api.steps(ctx, arn)["A"]["FailureReason"]
    assert reason.startswith("ClientError: ValidationException when calling CreateProcessingJob: ")
    assert "instanceCount' failed to satisfy constraint" in reason


def test_stopping_an_execution_stops_its_job(ctx: PipelineContext) -> None:
    _create(ctx, document(_job("A", "sleep 600"), fail("B", "never") | {"DependsOn": ["A"]}))
    arn = _start(ctx)
    deadline = time.monotonic() + 30
    while "ProcessingJob" not in api.steps(ctx, arn).get("A", {}).get("Metadata", {}):
        assert time.monotonic() < deadline, api.steps(ctx, arn)
        time.sleep(0.01)
    params = {"PipelineExecutionArn": arn, "ClientRequestToken": "s" * 32}
    operations.call(ctx, "StopPipelineExecution", params)
    assert api.ended(ctx, arn)["PipelineExecutionStatus"] == "Stopped"
    assert {name: step["StepStatus"] for name, step in api.steps(ctx, arn).items()} == {"A": "Stopped"}
    assert ctx.store.list("ProcessingJob")[0]["ProcessingJobStatus"] == "Stopped"
    assert operations.call(ctx, "StopPipelineExecution", params) == {"PipelineExecutionArn": arn}
    with pytest.raises(ServiceError, match="Stopped; it cannot be stopped"):
        operations.call(ctx, "StopPipelineExecution", {**params, "ClientRequestToken": "z" * 32})


def test_a_stop_that_crosses_the_end_does_not_undo_it(
    ctx: PipelineContext, events: Events, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    finish = tmp_path / "finish"
    _create(ctx, document(_job("A", f"while [ ! -e {finish} ]; do sleep 0.01; done")))
    arn = _start(ctx)
    (live,) = [one for one in threading.enumerate() if one.name == f"pipeline-{arn.rpartition('/')[2]}"]
    note = records.note

    def note_while_it_ends(ctx: PipelineContext, arn: str, **changes: Any) -> Json:
        if changes["PipelineExecutionStatus"] == "Stopping":
            finish.touch()
            live.join(0.3)  # the end has every chance to come between
        return note(ctx, arn, **changes)

    monkeypatch.setattr(records, "note", note_while_it_ends)
    params = {"PipelineExecutionArn": arn, "ClientRequestToken": "s" * 32}
    operations.call(ctx, "StopPipelineExecution", params)
    live.join(30)
    assert api.ended(ctx, arn)["PipelineExecutionStatus"] in ("Succeeded", "Stopped")
    told = [one["currentPipelineExecutionStatus"] for kind, one in events if "Execution Status" in kind]
    assert told[:2] == ["Executing", "Stopping"]
    assert len(told) == 3


def test_an_execution_that_breaks_ends_as_failed(
    ctx: PipelineContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(self: Execution) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Execution, "run", breaks)
    _create(ctx)
    ended = api.ended(ctx, _start(ctx))
    assert ended["PipelineExecutionStatus"] == "Failed"
    assert "can't start new thread" in ended["FailureReason"]


def test_a_pipeline_that_runs_is_not_deleted(ctx: PipelineContext) -> None:
    _create(ctx, document(_job("A", "sleep 600")))
    arn = _start(ctx)
    delete = {"PipelineName": "Reviews", "ClientRequestToken": "d" * 32}
    with pytest.raises(ServiceError, match="is running") as caught:
        operations.call(ctx, "DeletePipeline", delete)
    assert caught.value.code == "ConflictException"
    operations.call(
        ctx, "StopPipelineExecution", {"PipelineExecutionArn": arn, "ClientRequestToken": "s" * 32}
    )
    api.ended(ctx, arn)
    operations.call(ctx, "DeletePipeline", delete)
    with pytest.raises(ServiceError, match="does not exist"):
        operations.call(ctx, "DescribePipeline", {"PipelineName": "Reviews"})


def test_a_property_file_that_is_no_json_fails_the_step_that_reads_it(ctx: PipelineContext) -> None:
    ctx.stub.objects["b", "r.json"] = b"{"
    read = {"Std:JsonGet": {"S3Uri": "s3://b/r.json", "Path": "a"}}
    _create(ctx, document(condition("Gate", [equals(read, 1)], [])))
    arn = _start(ctx)
    api.ended(ctx, arn)
    assert "JsonGet cannot read s3://b/r.json" in api.steps(ctx, arn)["Gate"]["FailureReason"]


@pytest.mark.parametrize("step", ["A", "x" * 64, "With_underscores_and_--"])
@pytest.mark.parametrize("prefix", ["", "mine", "y" * 63])
@pytest.mark.parametrize(
    ("type_", "kind"), [("Processing", "ProcessingJob"), ("Tuning", "HyperParameterTuningJob")]
)
def test_job_names_are_legal(step: str, prefix: str, type_: str, kind: str) -> None:
    params = {f"{kind}Name": job_name("abcdefghijkl", step, type_, prefix)}
    assert model.parse_input(f"Describe{kind}", params) == params
