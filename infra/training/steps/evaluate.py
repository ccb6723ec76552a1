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


def evaluate_step(inputs: DefinitionInputs) -> Json:
    """Return the step; its output is `evaluation`, its property file EvaluationReport."""
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
    )
    report = {"PropertyFileName": REPORT, "OutputName": OUTPUT, "FilePath": REPORT_FILE}
    return {**processing_step(NAME, inputs, job), "PropertyFiles": [report]}


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
