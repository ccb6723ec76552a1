"""What is deployed, what ran last and what the endpoint serves."""

from bertline import approval, runs
from bertline.platform import Platform
from bertline.target import Target


def rows(target: Target, place: Platform) -> list[tuple[str, str, str]]:
    """What, its name, and its state; one row a thing."""
    sagemaker = target.client("sagemaker")
    runs_found = runs.newest(target, place, 1)
    packages = sagemaker.list_model_packages(ModelPackageGroupName=place.model_package_group, MaxResults=100)[
        "ModelPackageSummaryList"
    ]
    state, serves = approval.served(sagemaker, place.endpoint)
    last = runs_found[0]["PipelineExecutionStatus"] if runs_found else "never started"
    approved = sum(package["ModelApprovalStatus"] == "Approved" for package in packages)
    return [
        ("pipeline", place.pipeline, f"last execution: {last}"),
        ("model packages", place.model_package_group, f"{len(packages)} versions, {approved} approved"),
        ("endpoint", place.endpoint, f"{state}, serves {serves.rsplit('/', 1)[-1]}" if serves else state),
        ("feature group", place.feature_group, ""),
        ("raw data", place.raw_bucket, ""),
    ]
