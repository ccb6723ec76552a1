"""What AWS does in the name of a role and nothing here does: its grants are judged all the same."""

from __future__ import annotations

import re
from typing import Any

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.needs import key_arn

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z.]+/(?P<repository>[^:@]+)([:@].*)?"
)
# As the roles of the developer guide have them.
_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")
_OUTPUTS = ("OutputDataConfig", "ProcessingOutputConfig", "TransformOutput")


def check_pull(ctx: Context, role_arn: str, image: str) -> None:
    """Require of a role that it may pull an image of a private registry; other names are pulled by nobody.

    Raises
    ------
    ClientError
        AccessDenied, where permissions are enforced.
    """
    found = _IMAGE.fullmatch(image)
    if found is None:
        return
    ctx.require(role_arn, "ecr:GetAuthorizationToken", "*")
    repository = f"arn:aws:ecr:{found['region']}:{found['account']}:repository/{found['repository']}"
    for action in _PULL:
        ctx.require(role_arn, action, repository)


def check_job(ctx: Context, request: dict[str, Any]) -> None:
    """Require of a job's role the pull of its image and, where its outputs name a key, their encryption.

    Raises
    ------
    ClientError
        AccessDenied, where permissions are enforced.
    """
    role = request.get("RoleArn")
    if role is None:
        return
    image = request.get("AppSpecification", {}).get("ImageUri")
    image = image or request.get("AlgorithmSpecification", {}).get("TrainingImage")
    if image:
        check_pull(ctx, role, str(image))
    for member in _OUTPUTS:
        key = request.get(member, {}).get("KmsKeyId")
        if key:
            ctx.require(role, "kms:Encrypt", key_arn(ctx, key))
