"""The experiments' pipeline: one isolated job that asks what its parameters say, with a role for that."""

import json
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from infra.experiments.definition import KINDS, LEARNERS, build_definition
from infra.experiments.inputs import ExperimentInputs
from infra.settings import load_settings
from pipeline_code.jobs import experiment
from tests.unit.infra.synthesis import Assembly, Json, resolve
from tests.unit.infra.training.pipeline import given, step
from tests.unit.infra.training.test_roles import EVERY_JOB, VOLUMES, actions, listable, matches, resources

STARTED = {
    "TrainData": "s3://<Artifacts>/features/run/train",
    "ValidationData": "s3://<Artifacts>/features/run/validation",
    "CandidateData": "s3://<Raw>/candidates/0a1b/",
    "CandidateContract": "s3://<Raw>/contracts/2c3d/",
    "EncoderUri": "s3://<Raw>/encoder/4e5f/",
}
OWN = ("CandidateData", "CandidateContract", "EncoderUri")


@pytest.fixture(scope="module")
def definition(dev: Assembly) -> Json:
    body = dev.only("experiments", "AWS::SageMaker::Pipeline")["Properties"]["PipelineDefinition"]
    return dict(json.loads(resolve(body["PipelineDefinitionBody"])))


def job(definition: Json, **values: Any) -> Json:
    arguments: Json = step(given(definition, {**STARTED, **values}), "Experiment")["Arguments"]
    return arguments


def sources(arguments: Json) -> dict[str, str]:
    return {one["InputName"]: one["S3Input"]["S3Uri"] for one in arguments["ProcessingInputs"]}


def test_the_step_is_a_valid_request() -> None:
    inputs = ExperimentInputs(
        settings=load_settings("dev"),
        region="us-east-1",
        role="arn:aws:iam::123456789012:role/job",
        code_uri="s3://assets/0123.gz",
        code_file="0123.gz",
        artifact_uri="s3://artifacts",
        contract_uri="s3://assets/4567.toml",
        key_arn="arn:aws:kms:us-east-1:123456789012:key/1",
        job_image="123456789012.dkr.ecr.us-east-1.amazonaws.com/train:1",
    )
    model = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
    shape = model.operation_model("CreateProcessingJob").input_shape
    request = {"ProcessingJobName": "job", **job(build_definition(inputs))}
    assert ParamValidator().validate(request, shape).generate_report() == ""


def test_the_job_understands_every_kind_and_learner_that_a_start_may_name() -> None:
    assert KINDS == experiment.KINDS
    assert LEARNERS == experiment.LEARNERS


@pytest.mark.parametrize("kind", KINDS)
def test_the_job_understands_its_arguments(definition: Json, kind: str) -> None:
    arguments = job(definition, ExperimentKind=kind, Learner="encoder", Seed=7, Folds=4, Repeats=2)
    given_ = arguments["AppSpecification"]["ContainerArguments"]
    assert given_[0] == "pipeline_code.jobs.experiment"
    options = experiment._options(given_[1:])
    assert (options.kind, options.learner) == (kind, "encoder")
    assert (options.seed, options.folds, options.repeats) == (7, 4, 2)
    assert str(options.candidate_dir) == "/opt/ml/processing/input/candidate"


def test_every_input_has_a_parameter(definition: Json) -> None:
    found = sources(job(definition))
    assert set(STARTED.values()) <= set(found.values())
    assert set(found) - {"code"} == {
        "train", "validation", "candidate", "candidate-contract", "encoder", "contract",
    }  # fmt: skip


def test_what_is_not_given_is_a_file_that_is_there(definition: Json) -> None:
    defaults = {one["Name"]: one.get("DefaultValue") for one in definition["Parameters"]}
    assert {defaults[name] for name in OWN} == {defaults["ContractUri"]}
    assert defaults["TrainData"] is defaults["ValidationData"] is None


def test_the_job_has_no_network(definition: Json) -> None:
    assert job(definition)["NetworkConfig"]["EnableNetworkIsolation"] is True


def test_the_job_may_take_as_long_as_a_training(definition: Json, dev: Assembly) -> None:
    train = step(given(dev.definition(), {}), "Train")["Arguments"]
    assert job(definition)["StoppingCondition"] == train["StoppingCondition"]


def test_the_job_can_read_its_inputs_and_write_its_output(dev: Assembly, definition: Json) -> None:
    found = dev.statements("experiments", "JobRole")
    arguments = job(definition)
    for uri in (uri.removeprefix("s3://") for uri in sources(arguments).values()):
        assert matches(resources(found, "s3:GetObject"), f"{uri.rstrip('/')}/object", uri), uri
        assert listable(found, uri), uri
    (output,) = arguments["ProcessingOutputConfig"]["Outputs"]
    place = output["S3Output"]["S3Uri"].removeprefix("s3://")
    assert resources(found, "s3:PutObject") == {"<Artifacts>/executions/*/experiment/*"}
    assert matches(resources(found, "s3:PutObject"), f"{place}/object")


def test_the_job_may_do_what_every_job_may_and_no_more(dev: Assembly) -> None:
    found = dev.statements("experiments", "JobRole")
    assert actions(found) == EVERY_JOB | VOLUMES
    readable = resources(found, "s3:GetObject")
    assert not matches(readable, "<Raw>/reviews/x")
    assert not matches(readable, "<Artifacts>/executions/run/evaluate/x")


def test_the_pipeline_starts_jobs_and_registers_nothing(dev: Assembly) -> None:
    found = dev.statements("experiments", "PipelineRole")
    assert {action for action in actions(found) if action.startswith("sagemaker:")} == {
        "sagemaker:AddTags",
        "sagemaker:CreateProcessingJob",
        "sagemaker:DescribeProcessingJob",
        "sagemaker:StopProcessingJob",
    }
    assert resources(found, "iam:PassRole") == {"<JobRole>"}


def test_it_runs_the_code_that_training_runs(dev: Assembly, definition: Json) -> None:
    theirs = sources(step(given(dev.definition(), {}), "Validate")["Arguments"])["code"]
    assert sources(job(definition))["code"] == theirs
