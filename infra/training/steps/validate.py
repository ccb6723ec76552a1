"""Validate: raw reviews against the data contract, cleaned, split and named as a dataset."""

from infra.training.expressions import Json, parameter
from infra.training.inputs import DefinitionInputs
from infra.training.steps.processing import (
    ROOT,
    ProcessingJob,
    Product,
    Source,
    contract_source,
    dataset_product,
    execution_uri,
    processing_step,
)
from infra.training.steps.shaping import shaping_arguments

NAME = "Validate"


def validate_step(inputs: DefinitionInputs) -> Json:
    """Return the step; its outputs are `reviews`, `quarantine`, `validation` (the report) and `dataset`.

    Quarantine and report say why the data was refused, so they are kept when the step fails.
    """
    evidence = ("quarantine", "validation")
    job = ProcessingJob(
        module="pipeline_code.jobs.validate",
        role=inputs.roles.validate,
        arguments=[
            "--input-dir", f"{ROOT}/input/raw",
            "--contract-dir", f"{ROOT}/input/contract",
            "--encoder-dir", f"{ROOT}/input/encoder",
            "--reviews-dir", f"{ROOT}/output/reviews",
            "--quarantine-dir", f"{ROOT}/output/quarantine",
            "--report-dir", f"{ROOT}/output/validation",
            "--dataset-dir", f"{ROOT}/output/dataset",
            *shaping_arguments(),
        ],
        sources=[
            Source("raw", parameter("InputData")),
            Source("encoder", parameter("EncoderUri")),
            contract_source(),
        ],
        products=[
            Product("reviews", execution_uri(inputs, "validate", "reviews")),
            *(Product(name, execution_uri(inputs, "validate", name), continuous=True) for name in evidence),
            dataset_product(inputs),
        ],
    )  # fmt: skip
    return processing_step(NAME, inputs, job)
