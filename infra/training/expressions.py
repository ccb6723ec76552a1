"""The expressions a pipeline definition may hold in place of a value; SageMaker resolves them at run time."""

from typing import Any

Json = dict[str, Any]

EXECUTION_ID: Json = {"Get": "Execution.PipelineExecutionId"}


def parameter(name: str) -> Json:
    """Value of a pipeline parameter, with the parameter's own type."""
    return {"Get": f"Parameters.{name}"}


def text(value: Json) -> Json:
    """Turn a number into a string: arguments and hyperparameters of a job must be strings."""
    return join("", value)


def join(separator: str, *values: str | Json) -> Json:
    """Values put together, numbers as their decimal text."""
    return {"Std:Join": {"On": separator, "Values": list(values)}}


def output_of(step: str, output: str) -> Json:
    """S3 URI of an output of a processing step."""
    return {"Get": f"Steps.{step}.ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri"}


def model_of(step: str) -> Json:
    """S3 URI of the model.tar.gz of a training step."""
    return {"Get": f"Steps.{step}.ModelArtifacts.S3ModelArtifacts"}


def function_output(step: str, output: str) -> Json:
    """Output parameter of a Lambda step."""
    return {"Get": f"Steps.{step}.OutputParameters['{output}']"}


def from_report(step: str, report: str, path: str) -> Json:
    """Value at a JSON path of a property file."""
    return {"Std:JsonGet": {"PropertyFile": {"Get": f"Steps.{step}.PropertyFiles.{report}"}, "Path": path}}
