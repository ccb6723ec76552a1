"""Validate: raw reviews against the data contract; bad rows go to quarantine with a reason."""

from infra.training.expressions import Json, parameter
from infra.training.inputs import DefinitionInputs
from infra.training.steps.processing import (
    ROOT,
    ProcessingJob,
    Product,
    Source,
    contract_source,
    execution_uri,
    processing_step,
)

NAME = "Validate"


def validate_step(inputs: DefinitionInputs) -> Json:
    """Return the step; its outputs are `reviews`, `quarantine` and `validation` (the report).

    The last two say why the data was refused, so they are kept when the step fails.
    """
    evidence = ("quarantine", "validation")
    job = ProcessingJob(
        module="pipeline_code.jobs.validate",
        role=inputs.roles.validate,
        arguments=[
            "--input-dir", f"{ROOT}/input/raw",
            "--contract-dir", f"{ROOT}/input/contract",
            "--reviews-dir", f"{ROOT}/output/reviews",
            "--quarantine-dir", f"{ROOT}/output/quarantine",
            "--report-dir", f"{ROOT}/output/validation",
        ],
        sources=[Source("raw", parameter("InputData")), contract_source()],
        products=[
            Product("reviews", execution_uri(inputs, "validate", "reviews")),
            *(Product(name, execution_uri(inputs, "validate", name), continuous=True) for name in evidence),
        ],
    )  # fmt: skip
    return processing_step(NAME, inputs, job)
