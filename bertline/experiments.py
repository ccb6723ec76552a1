"""Experiments on the newest prepared features: starting their pipeline, and what came of it."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from bertline import contracts, runs, step_outputs, uploads, watch
from bertline.errors import BertlineError, NotDeployed
from bertline.paths import HOME
from bertline.platform import Platform
from bertline.sources import gather
from bertline.step_outputs import StepOutput
from bertline.target import Target
from bertline.watch import Execution

RESULTS = HOME / "experiments"
STEP = "Experiment"
OUTPUT = StepOutput(STEP, "experiment", content="result", purpose="ask again")
FILES = ("experiment.json", "experiment.md")
ADD_DATA, LEARNING_CURVE, AUGMENTATION = "AddData", "LearningCurve", "Augmentation"
ENCODER = "encoder"
_CANDIDATES, _CONTRACTS = "candidates", "contracts"
_LOOKED_AT = 50  # executions


@dataclass(frozen=True)
class Prepared:
    """What an execution of the training pipeline prepared, and from which contract and encoder."""

    execution: str
    train: str
    validation: str
    contract: str
    encoder: str


@dataclass(frozen=True)
class Result:
    """experiment.json of an execution, and the folder its files were put in."""

    content: dict[str, Any]
    folder: Path

    @property
    def words(self) -> str:
        """The verdict."""
        return str(self.content["verdict"]["words"])

    @property
    def page(self) -> Path:
        """The same and every figure, in plain words."""
        return self.folder / "experiment.md"


def pipeline_of(place: Platform) -> Platform:
    """The environment, with the experiments' pipeline in place of the training pipeline."""
    return replace(place, pipeline=f"{place.pipeline}-experiments")


def newest(target: Target, place: Platform) -> Prepared:
    """The features of the newest execution whose Prepare succeeded.

    Raises
    ------
    BertlineError
        There is none.
    """
    for summary in runs.newest(target, place, _LOOKED_AT):
        arn = str(summary["PipelineExecutionArn"])
        prepare = watch.look(target, arn).step("Prepare")
        if prepare.state == "Succeeded" and prepare.job is not None:
            outputs = step_outputs.outputs_of(target, prepare.job)
            given = _parameters(target.client("sagemaker"), arn)
            return Prepared(
                arn, outputs["train"], outputs["validation"], given["ContractUri"], given["EncoderUri"]
            )
    raise BertlineError(
        f"pipeline {place.pipeline} has not prepared features yet: start it with `bertline run`"
    )


def send_candidate(target: Target, place: Platform, source: str, contract: Path) -> dict[str, str]:
    """Upload a candidate's files, the results of its contract's queries and the contract.

    Returns the parameters that name them.

    Raises
    ------
    BertlineError
        There is no file, a query fails, or the contract is none or was changed without a new version.
    """
    s3 = target.client("s3")
    rules = gather(s3, [contract])
    contracts.check_versions(s3, place.raw_bucket, _CONTRACTS, rules)
    with uploads.gathered(target, place, [source], contract) as files:
        sent = uploads.send(s3, files, place.raw_bucket, _CANDIDATES)
    return {
        "CandidateData": sent.uri,
        "CandidateContract": uploads.send(s3, rules, place.raw_bucket, _CONTRACTS).uri,
    }


def start(target: Target, place: Platform, prepared: Prepared, values: dict[str, str]) -> str:
    """Start the experiments' pipeline on prepared features and return the ARN of the execution.

    Raises
    ------
    NotDeployed
        The stack of the experiments is not there.
    BertlineError
        A deployment has changed the contract since: no job may read the old one any more.
    """
    given = {
        "TrainData": prepared.train,
        "ValidationData": prepared.validation,
        "ContractUri": prepared.contract,
        **({"EncoderUri": prepared.encoder} if values.get("Learner") == ENCODER else {}),
        **values,
    }
    try:
        _check_contract(target, place, prepared)
        return runs.start(
            target, pipeline_of(place), given, f"bertline experiment {values['ExperimentKind']}"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFound":
            raise
        raise NotDeployed(
            f"stack bertline-{place.environment}-experiments is not deployed: run `bertline deploy`"
        ) from error


def fetch(target: Target, execution: Execution) -> Result:
    """Download the result of an execution to .bertline/experiments/<execution>/.

    Raises
    ------
    BertlineError
        The experiment has not ended well, or left no result.
    """
    step = execution.step(STEP)
    if step.state != "Succeeded" or step.job is None:
        raise BertlineError(f"the experiment is {step.state}: {step.reason or execution.reason}")
    folder = step_outputs.download(target, execution, OUTPUT, FILES, RESULTS)
    return Result(json.loads((folder / "experiment.json").read_text(encoding="utf-8")), folder)


def _check_contract(target: Target, place: Platform, prepared: Prepared) -> None:
    declared = runs.definition(target, pipeline_of(place))["Parameters"]
    deployed = next((p.get("DefaultValue") for p in declared if p["Name"] == "ContractUri"), None)
    uploaded = prepared.contract.startswith(f"s3://{place.raw_bucket}/")
    if not uploaded and prepared.contract != deployed:
        raise BertlineError(
            "the deployed contract is another than that of the newest features, of execution "
            f"{prepared.execution.rsplit('/', 1)[-1]}: prepare them anew with `bertline run`"
        )


def _parameters(sagemaker: Any, arn: str) -> dict[str, str]:
    """The parameters of an execution, defaults included."""
    body = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)[
        "PipelineDefinition"
    ]
    declared = json.loads(body)["Parameters"]
    defaults = {p["Name"]: str(p["DefaultValue"]) for p in declared if "DefaultValue" in p}
    given = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    return {**defaults, **{p["Name"]: str(p["Value"]) for p in given}}
