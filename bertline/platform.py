"""The deployed platform of one environment, found through its stacks' outputs."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from bertline.errors import NotDeployed
from bertline.target import Target

OUTPUTS = {
    "raw_bucket": ("data", "RawBucket"),
    "artifact_bucket": ("data", "ArtifactBucket"),
    "feature_group": ("data", "FeatureGroupName"),
    "model_package_group": ("registry", "ModelPackageGroupName"),
    "pipeline": ("training", "PipelineName"),
    "endpoint": ("serving", "EndpointName"),
}


@dataclass(frozen=True)
class Platform:
    """Names of what the stacks `bertline-<environment>-*` made."""

    environment: str
    raw_bucket: str
    artifact_bucket: str
    feature_group: str
    model_package_group: str
    pipeline: str
    endpoint: str


def find(target: Target, environment: str) -> Platform:
    """Read the stacks' outputs.

    Raises
    ------
    NotDeployed
        A stack is missing or has not the output that Bertline's own templates give it.
    """
    stacks = {stack: _outputs(target, f"bertline-{environment}-{stack}") for stack, _ in OUTPUTS.values()}
    names: dict[str, str] = {}
    for field, (stack, key) in OUTPUTS.items():
        if key not in stacks[stack]:
            raise NotDeployed(f"stack bertline-{environment}-{stack} has no output {key}: deploy it again")
        names[field] = stacks[stack][key]
    return Platform(environment=environment, **names)


def _outputs(target: Target, stack: str) -> dict[str, str]:
    try:
        (found,) = target.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise NotDeployed(
            f"stack {stack} is not deployed on the {target.kind} cloud: run `bertline deploy`"
        ) from error
    return {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}
