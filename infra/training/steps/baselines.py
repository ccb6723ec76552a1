"""Baselines: simple models and the live one on the same rows, for Evaluate to compare with; beside Train."""

from infra.training.expressions import Json, output_of, parameter, text
from infra.training.inputs import DefinitionInputs
from infra.training.steps import live_model, prepare
from infra.training.steps.processing import (
    ROOT,
    ProcessingJob,
    Product,
    Source,
    contract_source,
    execution_uri,
    processing_step,
)

NAME = "Baselines"


def baselines_step(inputs: DefinitionInputs) -> Json:
    """Return the step; its output is `baselines`."""
    job = ProcessingJob(
        module="pipeline_code.jobs.baselines",
        role=inputs.roles.baselines,
        arguments=[
            "--train-dir", f"{ROOT}/input/train",
            "--validation-dir", f"{ROOT}/input/validation",
            "--test-dir", f"{ROOT}/input/test",
            "--contract-dir", f"{ROOT}/input/contract",
            "--live-dir", f"{ROOT}/input/live",
            "--live-package", live_model.live_package(),
            "--output-dir", f"{ROOT}/output/baselines",
            "--seed", text(parameter("Seed")),
        ],
        sources=[
            *(Source(split, output_of(prepare.NAME, split)) for split in prepare.SPLITS),
            contract_source(),
            Source("live", live_model.live_uri()),
        ],
        products=[Product("baselines", execution_uri(inputs, "baselines"))],
    )  # fmt: skip
    return processing_step(NAME, inputs, job)
