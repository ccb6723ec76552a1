"""Starting the SageMaker pipeline with parameters that are checked against its own definition."""

import difflib
import json
import tomllib
from typing import Any

from bertline.errors import BadParameter
from bertline.paths import CONFIG
from bertline.platform import Platform
from bertline.target import Target

PRESETS = CONFIG / "presets"
INPUTS = ("InputData", "EncoderUri", "ContractUri")


def definition(target: Target, platform: Platform) -> dict[str, Any]:
    """The deployed pipeline's definition."""
    found = target.client("sagemaker").describe_pipeline(PipelineName=platform.pipeline)
    return dict(json.loads(found["PipelineDefinition"]))


def preset(name: str) -> dict[str, str]:
    """The parameter values of config/presets/<name>.toml.

    Raises
    ------
    BadParameter
        There is no such preset.
    """
    path = PRESETS / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in PRESETS.glob("*.toml")))
        raise BadParameter(f"there is no preset {name!r} (known: {known})")
    return {key: str(value) for key, value in tomllib.loads(path.read_text()).items()}


def parse(assignments: list[str]) -> dict[str, str]:
    """`["Epochs=2"]` to `{"Epochs": "2"}`.

    Raises
    ------
    BadParameter
        One is not of the form Name=value.
    """
    values: dict[str, str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not (name and equals):
            raise BadParameter(f"parameter {assignment!r} is not of the form Name=value")
        values[name] = value
    return values


def start(target: Target, platform: Platform, values: dict[str, str], description: str) -> str:
    """Start an execution and return its ARN.

    Raises
    ------
    BadParameter
        The pipeline has no parameter of that name, or one without a default has no value.
    """
    parameters = definition(target, platform)["Parameters"]
    _check_names(values, [parameter["Name"] for parameter in parameters], platform.pipeline)
    for parameter in parameters:
        name = parameter["Name"]
        if "DefaultValue" not in parameter and name not in values:
            raise BadParameter(
                f"{name} has no value: `bertline upload` prints one, then pass --set {name}=..."
            )
    response = target.client("sagemaker").start_pipeline_execution(
        PipelineName=platform.pipeline,
        PipelineExecutionDescription=description,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in values.items()],
    )
    return str(response["PipelineExecutionArn"])


def _check_names(values: dict[str, str], known: list[str], pipeline: str) -> None:
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(known)}"
            raise BadParameter(f"pipeline {pipeline} has no parameter {name!r}; {hint}")


def newest(target: Target, platform: Platform, most: int) -> list[dict[str, Any]]:
    """Summaries of at most so many executions (up to 100), the newest first."""
    found = target.client("sagemaker").list_pipeline_executions(
        PipelineName=platform.pipeline, SortBy="CreationTime", SortOrder="Descending", MaxResults=most
    )
    return list(found["PipelineExecutionSummaries"])


def latest(target: Target, platform: Platform) -> str:
    """The ARN of the newest execution.

    Raises
    ------
    BadParameter
        The pipeline has not been started yet.
    """
    found = newest(target, platform, 1)
    if not found:
        raise BadParameter(
            f"pipeline {platform.pipeline} has no execution yet: start one with `bertline run`"
        )
    return str(found[0]["PipelineExecutionArn"])


def named(target: Target, platform: Platform, execution: str | None) -> str:
    """The ARN of an execution that is given by its ARN or the end of it; of the newest for None.

    Raises
    ------
    BadParameter
        The pipeline has not been started yet.
    """
    if execution is not None and ":" in execution:
        return execution
    arn = latest(target, platform)
    return arn if execution is None else f"{arn.rsplit('/', 1)[0]}/{execution}"


def last_inputs(target: Target, platform: Platform) -> dict[str, str]:
    """Data, encoder and contract that the newest execution was given; nothing before the first one.

    A contract that was its pipeline's default is left out, so that a newly deployed one takes effect.
    """
    try:
        arn = latest(target, platform)
    except BadParameter:
        return {}
    sagemaker = target.client("sagemaker")
    found = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    body = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)[
        "PipelineDefinition"
    ]
    defaults = {p["Name"]: p.get("DefaultValue") for p in json.loads(body)["Parameters"]}
    given = {p["Name"]: p["Value"] for p in found if p["Name"] in INPUTS}
    return {name: value for name, value in given.items() if value != defaults.get(name)}
