"""What a job calls AWS with: a session of its role, or nothing."""

from __future__ import annotations

from local_cloud.sagemaker.context import Context


def of_job(ctx: Context, role: str, *, isolated: bool) -> dict[str, str]:
    """The AWS variables of a job; in network isolation it gets no credentials, as on AWS, and no endpoint."""
    if not isolated:
        return ctx.job_environment(role)
    return {
        "AWS_REGION": ctx.region,
        "AWS_DEFAULT_REGION": ctx.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
