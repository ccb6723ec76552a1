"""The experiments' pipeline as a plain dictionary: one processing step, whose parameters say what to ask."""

from typing import Literal

from infra.constructs.instances import alternatives
from infra.experiments.inputs import ExperimentInputs
from infra.training.expressions import Json, parameter, text
from infra.training.steps.processing import (
    ROOT,
    ProcessingJob,
    Product,
    Source,
    contract_source,
    execution_uri,
    processing_step,
)

NAME = "Experiment"
KINDS = ("AddData", "LearningCurve", "Augmentation")
LEARNERS = ("tfidf", "encoder")
_FOLDS, _REPEATS = 5, 3
# The folder of each input in the job, and the parameter that says where it comes from.
_SOURCES = {
    "train": "TrainData",
    "validation": "ValidationData",
    "candidate": "CandidateData",
    "candidate-contract": "CandidateContract",
    "encoder": "EncoderUri",
}


def build_definition(inputs: ExperimentInputs) -> Json:
    """Return the definition: one step, `Experiment`, with the output `experiment`."""
    return {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": _parameters(inputs),
        "Steps": [processing_step(NAME, inputs, _job(inputs))],
    }


def _job(inputs: ExperimentInputs) -> ProcessingJob:
    places = [*_SOURCES, "contract"]
    return ProcessingJob(
        module="pipeline_code.jobs.experiment",
        role=inputs.role,
        arguments=[
            *(item for name in places for item in (f"--{name}-dir", f"{ROOT}/input/{name}")),
            "--output-dir", f"{ROOT}/output/experiment",
            "--kind", parameter("ExperimentKind"),
            "--learner", parameter("Learner"),
            "--seed", text(parameter("Seed")),
            "--folds", text(parameter("Folds")),
            "--repeats", text(parameter("Repeats")),
        ],
        sources=[*(Source(name, parameter(given)) for name, given in _SOURCES.items()), contract_source()],
        products=[Product("experiment", execution_uri(inputs, "experiment"))],
        # With the encoder it is many trainings.
        max_runtime_minutes=inputs.settings.training.max_runtime_minutes,
    )  # fmt: skip


def _parameters(inputs: ExperimentInputs) -> list[Json]:
    # SageMaker copies every input and knows no optional one: what an experiment does not read is the deployed
    # contract, a small file that is always there.
    unread = inputs.contract_uri
    machine = inputs.settings.processing.instance_type
    return [
        _declare("ExperimentKind", "String", KINDS[0], KINDS),
        _declare("TrainData", "String", None),
        _declare("ValidationData", "String", None),
        _declare("ContractUri", "String", inputs.contract_uri),
        _declare("CandidateData", "String", unread),
        _declare("CandidateContract", "String", unread),
        _declare("EncoderUri", "String", unread),
        _declare("Learner", "String", LEARNERS[0], LEARNERS),
        _declare("Seed", "Integer", inputs.settings.hyperparameters.seed),
        _declare("Folds", "Integer", _FOLDS),
        _declare("Repeats", "Integer", _REPEATS),
        _declare("ProcessingInstanceType", "String", machine, alternatives(machine)),
    ]


def _declare(
    name: str,
    kind: Literal["String", "Integer"],
    default: str | int | None,
    choices: tuple[str, ...] = (),
) -> Json:
    declared: Json = {"Name": name, "Type": kind}
    if default is not None:
        declared["DefaultValue"] = default
    return {**declared, "EnumValues": list(choices)} if choices else declared
