"""Evaluate: metrics, comparison with the baselines and the verdict of the rules, as evaluation.json."""

from infra.training.expressions import Json, model_of, output_of, parameter, text
from infra.training.inputs import DefinitionInputs
from infra.training.steps import baselines, prepare, train, validate
from infra.training.steps.processing import (
    ROOT,
    ProcessingJob,
    Product,
    Source,
    contract_source,
    execution_uri,
    processing_step,
)

NAME = "Evaluate"
OUTPUT = "evaluation"
REPORT = "EvaluationReport"
REPORT_FILE = "evaluation.json"
PAGE_FILE = "report.html"
MODEL_CARD = "ModelCard"
MODEL_CARD_FILE = "model-card.json"


def evaluate_step(inputs: DefinitionInputs) -> Json:
    """Return the step; its output is `evaluation`, its property files EvaluationReport and ModelCard."""
    job = ProcessingJob(
        module="pipeline_code.jobs.evaluate",
        role=inputs.roles.evaluate,
        arguments=_arguments(),
        sources=[
            Source("model", model_of(train.NAME)),
            Source("test", output_of(prepare.NAME, "test")),
            Source("baselines", output_of(baselines.NAME, "baselines")),
            Source("validation", output_of(validate.NAME, "validation")),
            Source("prepare", output_of(prepare.NAME, "report")),
            contract_source(),
            Source("prices", inputs.prices_uri),
        ],
        products=[Product(OUTPUT, execution_uri(inputs, "evaluate"))],
        # Latency is measured on this machine: a step's cache key takes in the environment, not the machines.
        environment={"PROCESSING_INSTANCE_TYPE": parameter("ProcessingInstanceType")},
    )
    files = [
        {"PropertyFileName": name, "OutputName": OUTPUT, "FilePath": path}
        for name, path in ((REPORT, REPORT_FILE), (MODEL_CARD, MODEL_CARD_FILE))
    ]
    return {**processing_step(NAME, inputs, job), "PropertyFiles": files}


def _arguments() -> list[str | Json]:
    return [
        "--model-dir", f"{ROOT}/input/model",
        "--test-dir", f"{ROOT}/input/test",
        "--baselines-dir", f"{ROOT}/input/baselines",
        "--validation-dir", f"{ROOT}/input/validation",
        "--prepare-dir", f"{ROOT}/input/prepare",
        "--contract-dir", f"{ROOT}/input/contract",
        "--prices-dir", f"{ROOT}/input/prices",
        "--output-dir", f"{ROOT}/output/{OUTPUT}",
        "--min-accuracy", text(parameter("MinAccuracyValue")),
        "--deploy-instance-type", parameter("DeployInstanceType"),
        "--seed", text(parameter("Seed")),
    ]  # fmt: skip
