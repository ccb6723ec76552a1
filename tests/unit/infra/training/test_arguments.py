"""The arguments of every step are valid requests of the SageMaker API."""

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from infra.training.definition import build_definition
from infra.training.inputs import DefinitionInputs
from tests.unit.infra.training.pipeline import Json, given, step

OPERATIONS = {
    "Validate": ("CreateProcessingJob", "ProcessingJobName"),
    "Prepare": ("CreateProcessingJob", "ProcessingJobName"),
    "Baselines": ("CreateProcessingJob", "ProcessingJobName"),
    "Evaluate": ("CreateProcessingJob", "ProcessingJobName"),
    "Train": ("CreateTrainingJob", "TrainingJobName"),
    "Register": ("CreateModelPackage", None),
}


@pytest.fixture(scope="module")
def sagemaker() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


def problems(model: ServiceModel, name: str, arguments: Json) -> str:
    operation, job_name = OPERATIONS[name]
    request = {**arguments, **({job_name: "job"} if job_name else {})}
    shape = model.operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape).generate_report()
    return report or unlisted_values(request, shape)


def unlisted_values(value: Any, shape: Any) -> str:
    """What botocore leaves to the service: values of enumerations and lengths of strings."""
    if shape.type_name == "structure":
        return "".join(unlisted_values(item, shape.members[key]) for key, item in value.items())
    if shape.type_name == "list":
        return "".join(unlisted_values(item, shape.member) for item in value)
    if shape.type_name == "map":
        return "".join(unlisted_values(item, shape.value) for item in value.values())
    if shape.type_name == "string":
        wrong = shape.enum and value not in shape.enum
        long = len(value) > shape.metadata.get("max", len(value)) or "\n" in value
        return f"{shape.name}: {value!r}\n" if wrong or long else ""
    return ""


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_step_is_a_valid_request(
    sagemaker: ServiceModel, definition_inputs: DefinitionInputs, name: str
) -> None:
    reports = {"data.dataset.hash": "0123456789abcdef" * 4, "content": '{"model_overview":{}}'}
    arguments = step(given(build_definition(definition_inputs), {}, reports=reports), name)["Arguments"]
    assert problems(sagemaker, name, arguments) == ""


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"Colour": 1}, "Unknown parameter"),
        ({"RoleArn": 1}, "Invalid type"),
        ({"NetworkConfig": {"EnableNetworkIsolation": "no"}}, "Invalid type"),
        ({"AppSpecification": {"ImageUri": "x", "ContainerArguments": ["y" * 257]}}, "ContainerArgument"),
        ({"AppSpecification": {}}, "Missing required parameter"),
    ],
)
def test_a_broken_request_is_seen(
    sagemaker: ServiceModel, definition_inputs: DefinitionInputs, change: Json, named: str
) -> None:
    arguments = step(given(build_definition(definition_inputs), {}), "Validate")["Arguments"]
    assert named in problems(sagemaker, "Validate", {**arguments, **change})
