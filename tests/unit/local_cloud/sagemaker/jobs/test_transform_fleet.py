"""Model servers of a transform job: what is begun is ended, and what its role lacks is named."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.jobs import lifecycle
from local_cloud.sagemaker.jobs.transform_fleet import Fleet, Settings

from ..conftest import AccountContext
from ..test_grants import ROLE as JUDGED
from ..test_grants import Judge
from .requests import ROLE, Json, run_job


def test_a_fleet_whose_role_cannot_be_assumed_leaves_nothing_behind(
    ctx: AccountContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: AccountContext, role: str | None) -> dict[str, str]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no trust"}}, "AssumeRole")

    monkeypatch.setattr(AccountContext, "job_environment", refuse)
    run = lifecycle.Run(ctx, lifecycle.TRANSFORM, "leaving", {})
    settings = Settings(1, 1, 6, "MultiRecord", 60, 0, None, None, {})
    model: Any = type("Model", (), {"environment": {}, "role": ROLE})()
    with pytest.raises(ClientError, match="no trust"):
        Fleet(run, model, settings, shipper=None).__enter__()  # type: ignore[arg-type]
    for thread in threading.enumerate():
        if thread.name == "fleet-leaving":
            thread.join(10)
            assert not thread.is_alive()


def test_the_role_of_the_model_must_be_able_to_encrypt_the_output(ctx: AccountContext) -> None:
    container = {"Image": "i", "ModelDataUrl": "s3://b/model.tar.gz"}
    model = {"ModelName": "m", "ExecutionRoleArn": JUDGED, "PrimaryContainer": container}
    operations.call(ctx, "CreateModel", model)
    ctx.authority = Judge(refused="kms:Encrypt")
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}
    request: Json = {
        "TransformJobName": "sealed",
        "ModelName": "m",
        "TransformInput": {"DataSource": {"S3DataSource": source}},
        "TransformOutput": {"S3OutputPath": "s3://b/out", "KmsKeyId": "k"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    job = run_job(ctx, lifecycle.TRANSFORM, request)
    assert job["TransformJobStatus"] == "Failed"
    assert "not authorized to perform: kms:Encrypt" in job["FailureReason"]
