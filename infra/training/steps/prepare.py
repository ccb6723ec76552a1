"""Prepare: tokenise, write Parquet features and feed or read the feature group; scales over instances."""

from infra.training.expressions import EXECUTION_ID, Json, join, output_of, parameter
from infra.training.inputs import DefinitionInputs
from infra.training.steps import validate
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

NAME = "Prepare"
SPLITS = ("train", "validation", "test")


def prepare_step(inputs: DefinitionInputs) -> Json:
    """Return the step; its outputs are the three splits, `report` and `dataset`."""
    job = ProcessingJob(
        module="pipeline_code.jobs.prepare",
        role=inputs.roles.prepare,
        arguments=_arguments(),
        sources=[
            Source("reviews", output_of(validate.NAME, "reviews"), sharded=True),
            Source("validation-report", output_of(validate.NAME, "validation")),
            Source("encoder", parameter("EncoderUri")),
            contract_source(),
        ],
        products=[
            *(Product(split, _features_uri(inputs, split)) for split in SPLITS),
            Product("report", execution_uri(inputs, "prepare", "report")),
            dataset_product(inputs),
        ],
        network=True,  # it writes to the feature store and reads it
        instance_count=parameter("ProcessingInstanceCount"),
        # A step's cache key leaves out outputs and takes in the environment, so another prefix runs anew.
        environment={"FEATURE_STORE_OFFLINE_PREFIX": parameter("FeatureStoreOfflinePrefix")},
    )
    return processing_step(NAME, inputs, job)


def _features_uri(inputs: DefinitionInputs, split: str) -> Json:
    return join("/", inputs.artifact_uri, parameter("FeatureStoreOfflinePrefix"), EXECUTION_ID, split)


def _arguments() -> list[str | Json]:
    return [
        "--reviews-dir", f"{ROOT}/input/reviews",
        "--validation-report-dir", f"{ROOT}/input/validation-report",
        "--encoder-dir", f"{ROOT}/input/encoder",
        "--contract-dir", f"{ROOT}/input/contract",
        "--resource-config", "/opt/ml/config/resourceconfig.json",
        "--train-dir", f"{ROOT}/output/train",
        "--validation-dir", f"{ROOT}/output/validation",
        "--test-dir", f"{ROOT}/output/test",
        "--report-dir", f"{ROOT}/output/report",
        "--dataset-dir", f"{ROOT}/output/dataset",
        *shaping_arguments(),
        "--features-as-of", parameter("FeaturesAsOf"),
        "--feature-group-name", parameter("FeatureGroupName"),
    ]  # fmt: skip
