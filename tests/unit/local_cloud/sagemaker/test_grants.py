"""What is required of roles though nothing here does it: pulls of images, encryption of outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.sagemaker import grants
from local_cloud.sagemaker.context import Context

ROLE = "arn:aws:iam::123456789012:role/jobs"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.9"
REPOSITORY = "arn:aws:ecr:us-east-1:763104351884:repository/pytorch-training"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"


class Judge:
    """An authority that notes what it is asked, and refuses one action."""

    def __init__(self, refused: str = "") -> None:
        self.refused, self.asked = refused, list[tuple[str, str]]()

    def assume(self, account: str, role_arn: str, seconds: int) -> dict[str, str]:
        raise AssertionError("nothing is done in the name of the role")

    def refusal(
        self,
        account: str,
        region: str,
        role_arn: str,
        action: str,
        resource: str,
        conditions: Mapping[str, Any],
        principal: str = "sagemaker.amazonaws.com",
    ) -> str | None:
        assert role_arn == ROLE
        self.asked.append((action, resource))
        return f"not authorized to perform: {action}" if action == self.refused else None


@pytest.fixture
def judge(ctx: Context) -> Judge:
    ctx.authority = judge = Judge()
    return judge


PULL = [
    ("ecr:GetAuthorizationToken", "*"),
    ("ecr:BatchCheckLayerAvailability", REPOSITORY),
    ("ecr:GetDownloadUrlForLayer", REPOSITORY),
    ("ecr:BatchGetImage", REPOSITORY),
]


@pytest.mark.parametrize("suffix", ["", "@sha256:00"])
def test_an_image_of_a_registry_is_pulled(ctx: Context, judge: Judge, suffix: str) -> None:
    grants.check_pull(ctx, ROLE, IMAGE.partition(":")[0] + suffix)
    assert judge.asked == PULL


def test_other_images_are_pulled_by_nobody(ctx: Context, judge: Judge) -> None:
    grants.check_pull(ctx, ROLE, "local/image:1")
    assert judge.asked == []


@pytest.mark.parametrize(
    "request_",
    [
        {
            "AppSpecification": {"ImageUri": IMAGE},
            "ProcessingOutputConfig": {"KmsKeyId": KEY, "Outputs": []},
        },
        {"AlgorithmSpecification": {"TrainingImage": IMAGE}, "OutputDataConfig": {"KmsKeyId": "1"}},
    ],
)
def test_a_job_pulls_its_image_and_encrypts_its_output(
    ctx: Context, judge: Judge, request_: dict[str, Any]
) -> None:
    grants.check_job(ctx, {"RoleArn": ROLE, **request_})
    assert judge.asked == [*PULL, ("kms:Encrypt", KEY)]


def test_a_refusal_names_the_action(ctx: Context) -> None:
    ctx.authority = Judge(refused="ecr:BatchGetImage")
    with pytest.raises(
        ClientError, match="BatchGetImage operation: not authorized to perform: ecr:BatchGetImage"
    ):
        grants.check_job(ctx, {"RoleArn": ROLE, "AppSpecification": {"ImageUri": IMAGE}})


def test_nothing_is_required_where_permissions_are_not_enforced(ctx: Context) -> None:
    assert ctx.authority is None
    grants.check_job(ctx, {"RoleArn": ROLE, "AppSpecification": {"ImageUri": IMAGE}})
