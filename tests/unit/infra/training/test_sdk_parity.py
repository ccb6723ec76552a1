"""The hand-written definition is what the SageMaker Python SDK would write."""

import copy

import pytest

from infra.training.definition import build_definition
from infra.training.inputs import DefinitionInputs
from tests.unit.infra import sagemaker_sdk  # noqa: F401 - imports the SDK with a region
from tests.unit.infra.training import sdk_pipeline
from tests.unit.infra.training.pipeline import TRAIN, Json, step


def without_defaults(definition: Json) -> Json:
    """Leave out what the SDK adds although it is the default of the API."""
    reduced = {key: definition[key] for key in ("Version", "Metadata", "Parameters", "Steps")}
    reduced = copy.deepcopy(reduced)
    for one in reduced["Steps"]:
        for source in one["Arguments"].get("ProcessingInputs", []):
            assert source["S3Input"].pop("S3CompressionType") == "None"
    return reduced


def without_what_the_sdk_cannot_say(definition: Json) -> Json:
    """Leave out Register, and the two settings of training that the SDK does not take."""
    reduced = copy.deepcopy(definition)
    step(reduced, "Gate")["Arguments"]["IfSteps"] = []
    training = step(reduced, TRAIN)["Arguments"]
    assert training["AlgorithmSpecification"].pop("EnableSageMakerMetricsTimeSeries") is True
    assert training["ResourceConfig"]["VolumeSizeInGB"] == {"Get": "Parameters.TrainVolumeSize"}
    training["ResourceConfig"]["VolumeSizeInGB"] = sdk_pipeline.VOLUME_SIZE
    return reduced


@pytest.mark.filterwarnings("ignore:Running within a PipelineSession")
@pytest.mark.filterwarnings("ignore:Lambda function won't be updated")
def test_both_ways_give_the_same_pipeline(definition_inputs: DefinitionInputs) -> None:
    ours = build_definition(definition_inputs)
    sdk = sdk_pipeline.build(definition_inputs, ours["Parameters"])
    assert without_defaults(sdk) == without_what_the_sdk_cannot_say(ours)
