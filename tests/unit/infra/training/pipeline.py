"""Read a pipeline definition as SageMaker does: parameters filled in, references followed."""

from collections.abc import Iterator, Mapping
from typing import Any

TRAIN = "Train"
Json = dict[str, Any]
# What a start must give, below the bucket of the deployed pipeline as the tests write it.
LIVE_PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/bertline-dev/3"
REQUIRED = {"InputData": "s3://<Raw>/reviews/0a1b", "EncoderUri": "s3://<Raw>/encoder/2c3d"}


def steps(definition: Json) -> Iterator[Json]:
    """Every step, those of the condition's branches included."""
    for one in definition["Steps"]:
        yield one
        for branch in ("IfSteps", "ElseSteps"):
            yield from one["Arguments"].get(branch, [])


def step(definition: Json, name: str) -> Json:
    """The step of a name."""
    (found,) = (one for one in steps(definition) if one["Name"] == name)
    return found


def given(
    definition: Json,
    values: Mapping[str, Any],
    execution: str = "run",
    reports: Mapping[str, Any] | None = None,
    live: str | None = None,
) -> Json:
    """The definition of an execution that was started with these parameter values.

    `reports` are the values that JSON paths find in property files, for an execution that came so far;
    `live` is the artifact of the live model, if there is one.
    """
    defaults = {one["Name"]: one["DefaultValue"] for one in definition["Parameters"] if "DefaultValue" in one}
    known = {
        "Execution.PipelineExecutionId": execution,
        **{f"Parameters.{name}": value for name, value in {**defaults, **REQUIRED, **values}.items()},
        **{f"JsonGet.{path}": value for path, value in (reports or {}).items()},
    }
    started: Json = {**definition, "Steps": _fill(definition["Steps"], known)}
    for one in steps(started):
        known |= {f"Steps.{one['Name']}.{path}": uri for path, uri in _products(one, live)}
    return {**definition, "Steps": _fill(definition["Steps"], known)}


def _products(one: Json, live: str | None) -> Iterator[tuple[str, str]]:
    if one["Type"] == "Lambda":
        yield "OutputParameters['LiveModelPackage']", LIVE_PACKAGE if live else "none"
        yield "OutputParameters['LiveModelUri']", live or one["Arguments"]["ContractUri"]
    if one["Type"] == "Training":
        folder = one["Arguments"]["OutputDataConfig"]["S3OutputPath"]
        yield "ModelArtifacts.S3ModelArtifacts", f"{folder}/pipelines-job/output/model.tar.gz"
    for output in one["Arguments"].get("ProcessingOutputConfig", {}).get("Outputs", []):
        path = f"ProcessingOutputConfig.Outputs['{output['OutputName']}'].S3Output.S3Uri"
        yield path, output["S3Output"]["S3Uri"]


def _fill(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_fill(item, known) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Get"}:
        return known.get(value["Get"], value)
    if set(value) == {"Std:JsonGet"}:
        return known.get(f"JsonGet.{value['Std:JsonGet']['Path']}", value)
    if set(value) == {"Std:Join"}:
        parts = [_fill(part, known) for part in value["Std:Join"]["Values"]]
        if any(isinstance(part, dict) for part in parts):
            return {"Std:Join": {**value["Std:Join"], "Values": parts}}
        return value["Std:Join"]["On"].join(str(part) for part in parts)
    return {key: _fill(item, known) for key, item in value.items()}


def references(value: Any) -> Iterator[str]:
    """Every name that a `Get` asks for."""
    if isinstance(value, dict):
        if set(value) == {"Get"}:
            yield value["Get"]
        else:
            for item in value.values():
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)
