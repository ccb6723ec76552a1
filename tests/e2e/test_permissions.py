"""Least privilege of the deployed roles: a statement less, and the step that needs it fails by name."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .conftest import Deployed

pytestmark = pytest.mark.e2e


def role_of(deployed: Deployed, construct: str) -> str:
    """The name of a role of the training stack."""
    pages = deployed.target.client("cloudformation").get_paginator("list_stack_resources")
    found = [
        one["PhysicalResourceId"]
        for page in pages.paginate(StackName="bertline-dev-training")
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] == "AWS::IAM::Role" and one["LogicalResourceId"].startswith(construct)
    ]
    (name,) = found
    return str(name)


@contextmanager
def without(deployed: Deployed, role: str, action: str) -> Iterator[None]:
    """The live role without the statements that have an action; as it was afterwards."""
    iam = deployed.target.client("iam")
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    where = {"RoleName": role, "PolicyName": policy}
    document: dict[str, Any] = iam.get_role_policy(**where)["PolicyDocument"]
    kept = [one for one in document["Statement"] if action not in one["Action"]]
    assert len(kept) < len(document["Statement"])
    iam.put_role_policy(**where, PolicyDocument=json.dumps({**document, "Statement": kept}))
    try:
        yield
    finally:
        iam.put_role_policy(**where, PolicyDocument=json.dumps(document))


@pytest.mark.parametrize(
    ("construct", "action", "step"),
    [
        ("JobRolesValidate", "s3:GetObject", "Validate"),
        ("JobRolesValidate", "kms:Encrypt", "Validate"),
        ("PipelineRole", "iam:PassRole", "Validate"),
        ("LiveModelRole", "sagemaker:DescribeEndpoint", "LiveModel"),
    ],
)
def test_a_step_without_a_grant_fails_and_names_it(
    deployed: Deployed, construct: str, action: str, step: str
) -> None:
    with without(deployed, role_of(deployed, construct), action):
        execution = deployed.run(Seed="7041")  # as no other test has it: nothing is reused
    assert execution.state == "Failed"
    assert execution.step(step).state == "Failed"
    assert f"not authorized to perform: {action} " in execution.step(step).reason
