"""Model, RegisterModel, EndpointConfig, Endpoint, Lineage and Cleanup steps."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.pipelines.clients import RoleClients
from local_cloud.sagemaker.pipelines.definition import parse
from local_cloud.sagemaker.pipelines.errors import DefinitionError, StepFailed, StepStopped
from local_cloud.sagemaker.pipelines.runner import CloudRunner
from local_cloud.sagemaker.pipelines.work import Result, Work

from .conftest import PipelineContext, refusal
from .documents import document, processing, step

ARN = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/abcdefghijkl"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
MODEL = {"ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "i", "ModelDataUrl": "s3://b/m.tar.gz"}}
Json = dict[str, Any]


def run(
    ctx: PipelineContext,
    type_: str,
    arguments: Json,
    *,
    stop: threading.Event | None = None,
    earlier: Mapping[str, Json] | None = None,
) -> Result:
    sources = [processing(name) for name in earlier or {}]
    one = parse(document(*sources, step("S", type_, arguments))).steps["S"]
    runner = CloudRunner(ctx, ARN, RoleClients(ctx, ROLE))
    left = dict(earlier or {})
    work = Work(
        one,
        "S",
        arguments,
        runner.job_name(one, "S"),
        stop or threading.Event(),
        lambda _: None,
        left.__getitem__,
    )
    return runner.run(work)


def test_a_model_gets_a_name_and_can_be_used(ctx: PipelineContext) -> None:
    result = run(ctx, "Model", MODEL)
    name = result.properties["ModelName"]
    assert name.startswith("pipelines-abcdefghijkl-S-")
    assert result.metadata == {"Model": {"Arn": result.properties["ModelArn"]}}
    assert operations.call(ctx, "DescribeModel", {"ModelName": name})["PrimaryContainer"]["Image"] == "i"


def test_an_endpoint_config_keeps_the_name_it_is_given(ctx: PipelineContext) -> None:
    model = run(ctx, "Model", MODEL).properties["ModelName"]
    variant = {
        "VariantName": "v",
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    result = run(ctx, "EndpointConfig", {"EndpointConfigName": "mine", "ProductionVariants": [variant]})
    assert result.properties["EndpointConfigName"] == "mine"
    assert result.metadata == {"EndpointConfig": {"Arn": result.properties["EndpointConfigArn"]}}


@pytest.mark.parametrize("there", [True, False])
def test_registering_makes_the_group_when_there_is_none(ctx: PipelineContext, there: bool) -> None:
    if there:
        operations.call(ctx, "CreateModelPackageGroup", {"ModelPackageGroupName": "g"})
    result = run(ctx, "RegisterModel", {"ModelPackageGroupName": "g", "ModelPackageDescription": "d"})
    assert result.properties["ModelPackageVersion"] == 1
    assert result.metadata == {"RegisterModel": {"Arn": result.properties["ModelPackageArn"]}}
    assert [name for name, _ in ctx.calls].count("CreateModelPackageGroup") == (0 if there else 1)


def test_a_group_that_another_step_makes_meanwhile_will_do(ctx: PipelineContext) -> None:
    def late(params: Json) -> Json:
        operations.call(ctx, "CreateModelPackageGroup", params)
        raise refusal("ValidationException", "Model Package Group already exists")

    ctx.answers["CreateModelPackageGroup"] = late
    result = run(ctx, "RegisterModel", {"ModelPackageGroupName": "g", "ModelPackageDescription": "d"})
    assert result.properties["ModelPackageGroupName"] == "g"


def test_a_group_that_may_not_be_made_fails_the_step(ctx: PipelineContext) -> None:
    def denied(params: Json) -> Json:
        raise refusal("AccessDeniedException", "not authorized")

    ctx.answers["CreateModelPackageGroup"] = denied
    with pytest.raises(StepFailed, match="AccessDeniedException when calling CreateModelPackageGroup"):
        run(ctx, "RegisterModel", {"ModelPackageGroupName": "g"})


class Endpoint:
    """One endpoint: `states` are what Describe answers, one after the other; none: it is not there."""

    def __init__(self, ctx: PipelineContext, *states: Json, there: bool = False) -> None:
        self.there, self.states = there, list(states)
        ctx.answers.update(
            DescribeEndpoint=self.describe, CreateEndpoint=self.create, UpdateEndpoint=self.create
        )

    def create(self, params: Json) -> Json:
        self.there = True
        return {"EndpointArn": "arn:endpoint"}

    def describe(self, params: Json) -> Json:
        if not self.there:
            raise refusal("ValidationException", 'Could not find endpoint "e".', "DescribeEndpoint")
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


ASKED = {"EndpointName": "e", "EndpointConfigName": "c2", "Tags": []}


def _calls(ctx: PipelineContext, verb: str) -> list[Json]:
    return [params for name, params in ctx.calls if name == f"{verb}Endpoint"]


def test_an_endpoint_that_is_not_there_is_created(ctx: PipelineContext) -> None:
    Endpoint(ctx, {"EndpointStatus": "Creating"}, {"EndpointStatus": "InService", "EndpointConfigName": "c2"})
    result = run(ctx, "Endpoint", ASKED)
    assert _calls(ctx, "Create") == [ASKED]
    assert result.metadata == {"Endpoint": {"Arn": "arn:endpoint"}}


def test_an_endpoint_that_is_there_is_updated(ctx: PipelineContext) -> None:
    before, after = ({"EndpointStatus": "InService", "EndpointConfigName": one} for one in ("c1", "c2"))
    Endpoint(ctx, before, {"EndpointStatus": "Updating"}, after, there=True)
    run(ctx, "Endpoint", ASKED)
    assert _calls(ctx, "Create") == []
    assert _calls(ctx, "Update") == [{"EndpointName": "e", "EndpointConfigName": "c2"}]


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ({"EndpointStatus": "Failed", "FailureReason": "no model"}, "no model"),
        ({"EndpointStatus": "InService", "EndpointConfigName": "c1"}, "endpoint e has rolled back to c1"),
    ],
)
def test_an_endpoint_that_fails_or_rolls_back_fails_the_step(
    ctx: PipelineContext, last: Json, reason: str
) -> None:
    Endpoint(ctx, last)
    with pytest.raises(StepFailed, match=reason):
        run(ctx, "Endpoint", ASKED)


def test_a_stop_does_not_wait_for_an_endpoint(ctx: PipelineContext) -> None:
    Endpoint(ctx, {"EndpointStatus": "Creating"})
    stop = threading.Event()
    stop.set()
    with pytest.raises(StepStopped, match="endpoint e is Creating"):
        run(ctx, "Endpoint", ASKED, stop=stop)


def test_a_refusal_to_look_is_not_taken_for_an_endpoint_that_is_not_there(ctx: PipelineContext) -> None:
    def refuse(params: Json) -> Json:
        raise refusal("AccessDeniedException", "not authorized to perform: sagemaker:DescribeEndpoint")

    ctx.answers["DescribeEndpoint"] = refuse
    with pytest.raises(StepFailed, match="sagemaker:DescribeEndpoint"):
        run(ctx, "Endpoint", ASKED)


def test_lineage_is_recorded_and_associated(ctx: PipelineContext) -> None:
    for kind in ("Action", "Artifact", "Context"):
        ctx.answers[f"Create{kind}"] = lambda params, kind=kind: {
            f"{kind}Arn": f"arn:{params[kind + 'Name']}"
        }
    ctx.answers["AddAssociation"] = lambda params: {}
    ends = ({"Name": "run", "Type": "Action"}, {"Name": "model", "Type": "Artifact"})
    arguments = {
        "Actions": [{"ActionName": "run"}],
        "Artifacts": [{"ArtifactName": "model"}],
        "Associations": [
            {"Source": ends[0], "Destination": ends[1], "AssociationType": "Produced"},
            {"Source": {"Arn": "arn:other"}, "Destination": ends[1]},
        ],
    }
    result = run(ctx, "Lineage", arguments)
    assert result.properties["ArtifactArns"] == {"model": "arn:model"}
    added = [params for name, params in ctx.calls if name == "AddAssociation"]
    assert added == [
        {"SourceArn": "arn:run", "DestinationArn": "arn:model", "AssociationType": "Produced"},
        {"SourceArn": "arn:other", "DestinationArn": "arn:model"},
    ]
    wrong = {"Associations": [{"Source": {"Name": "run", "Type": "Context"}, "Destination": ends[1]}]}
    with pytest.raises(StepFailed, match="names Context 'run', which the step lacks"):
        run(ctx, "Lineage", wrong)


class Objects:
    """S3 objects by bucket and key."""

    def __init__(self, *uris: str) -> None:
        self.uris = set(uris)

    def delete_object(self, Bucket: str, Key: str) -> None:
        self.uris.discard(f"s3://{Bucket}/{Key}")

    def get_paginator(self, name: str) -> Objects:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[Json]:
        lead = f"s3://{Bucket}/"
        keys = [uri.removeprefix(lead) for uri in sorted(self.uris) if uri.startswith(lead + Prefix)]
        return [{"Contents": [{"Key": key} for key in keys]}]


TRAINED = {"TrainingJobName": "job", "OutputDataConfig": {"S3OutputPath": "s3://b/out/"}}
PROCESSED = {"ProcessingOutputConfig": {"Outputs": [{"S3Output": {"S3Uri": "s3://b/p"}}]}}


def _clean(*sources: Json) -> Json:
    return {"Resources": {"S3": list(sources)}}


def test_clean_up_deletes_what_the_step_has_written_and_nothing_else(ctx: PipelineContext) -> None:
    objects = Objects(
        "s3://b/out/job/model.tar.gz", "s3://b/out/job-2/model.tar.gz", "s3://b/p/1", "s3://b/p/2"
    )
    ctx.clients["s3"] = objects
    sources = ({"StepName": "Train"}, {"StepName": "Prep", "S3Uris": ["s3://b/p/1"]})
    result = run(ctx, "Cleanup", _clean(*sources), earlier={"Train": TRAINED, "Prep": PROCESSED})
    assert objects.uris == {"s3://b/out/job-2/model.tar.gz", "s3://b/p/2"}
    assert sorted(result.properties["DeletedObjects"]) == ["s3://b/out/job/model.tar.gz", "s3://b/p/1"]
    assert ctx.roles == [("s3", ROLE)]


def test_clean_up_deletes_no_output_of_another(ctx: PipelineContext) -> None:
    ctx.clients["s3"] = Objects("s3://b/other/1")
    source = {"StepName": "Prep", "S3Uris": ["s3://b/other/1"]}
    with pytest.raises(StepFailed, match="s3://b/other/1 is no output of step 'Prep'"):
        run(ctx, "Cleanup", _clean(source), earlier={"Prep": PROCESSED})


def test_clean_up_waits_for_its_sources() -> None:
    steps = parse(document(processing("A"), step("C", "Cleanup", _clean({"StepName": "A"})))).steps
    assert steps["C"].needs == {"A"}


@pytest.mark.parametrize(
    "arguments", [{}, _clean(), _clean({"Step": "A"}), _clean({"StepName": "A", "S3Prefix": "x"})]
)
def test_a_clean_up_that_does_not_say_what_is_refused(arguments: Json) -> None:
    with pytest.raises(DefinitionError, match="Cleanup step"):
        parse(document(processing("A"), step("C", "Cleanup", arguments)))
