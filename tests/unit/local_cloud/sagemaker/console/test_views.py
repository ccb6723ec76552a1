"""What the page shows: the newest of each kind, whatever goes meanwhile, and of a job no other's logs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_cloud.sagemaker import endpoints, feature_store
from local_cloud.sagemaker.console import views
from local_cloud.sagemaker.context import Context

__all__ = ["endpoints", "feature_store"]
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PIPELINE = "arn:aws:sagemaker:us-east-1:123456789012:pipeline"


def times(at: int) -> dict[str, Any]:
    return {"CreationTime": NOON + timedelta(minutes=at), "LastModifiedTime": NOON + timedelta(minutes=at)}


def put_job(ctx: Context, kind: str, at: int) -> None:
    name = f"{kind.lower()}-{at}"
    record = {f"{kind}Name": name, f"{kind}Arn": ctx.arn(f"job/{name}"), f"{kind}Status": "Completed"}
    ctx.store.put(kind, name, {**record, **times(at)})


@pytest.mark.parametrize("kind", ["TrainingJob", "ProcessingJob", "TransformJob"])
def test_the_newest_of_many_jobs_are_shown_and_the_newest_first(ctx: Context, kind: str) -> None:
    for at in range(60):
        put_job(ctx, kind, at)
    shown = [one["name"] for one in views.overview(ctx)["jobs"]]
    assert shown == [f"{kind.lower()}-{at}" for at in reversed(range(10, 60))]


def test_the_newest_versions_of_all_groups_are_shown(ctx: Context) -> None:
    for group, at in (("a", 0), ("b", 100)):
        ctx.store.put(
            "ModelPackageGroup",
            group,
            {
                "ModelPackageGroupName": group,
                "ModelPackageGroupArn": ctx.arn(f"model-package-group/{group}"),
                "ModelPackageGroupStatus": "Completed",
                **times(at),
            },
        )
        for version in range(1, 41):
            arn = ctx.arn(f"model-package/{group}/{version}")
            package = {
                "ModelPackageArn": arn,
                "ModelPackageGroupName": group,
                "ModelPackageVersion": version,
                "ModelPackageStatus": "Completed",
                **times(at + version),
            }
            ctx.store.put("ModelPackage", arn, package)
    shown = [(one["group"], one["version"]) for one in views.overview(ctx)["model_packages"]]
    assert shown == [("b", at) for at in range(40, 0, -1)] + [("a", at) for at in range(40, 30, -1)]


def test_executions_of_all_pipelines_are_shown_with_their_names(ctx: Context) -> None:
    for at in range(60):
        name = f"Pipeline-{at % 3}"
        arn = f"{PIPELINE}/{name.lower()}/execution/{at}"
        execution = {
            "PipelineName": name,
            "PipelineArn": f"{PIPELINE}/{name.lower()}",
            "PipelineExecutionArn": arn,
            "PipelineExecutionStatus": "Executing",
            **times(at),
        }
        ctx.store.put("PipelineExecution", arn, execution)
    shown = views.overview(ctx)["executions"]
    assert [one["arn"].rpartition("/")[2] for one in shown] == [f"{at}" for at in reversed(range(10, 60))]
    assert {one["pipeline"] for one in shown} == {"Pipeline-0", "Pipeline-1", "Pipeline-2"}


def test_what_goes_between_list_and_description_is_left_out(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("gone", "there"):
        record = {"EndpointName": name, "EndpointArn": ctx.arn(f"endpoint/{name}"), **times(0)}
        ctx.store.put("Endpoint", name, {**record, "EndpointConfigName": "c", "EndpointStatus": "InService"})
    described = views._endpoint

    def endpoint(ctx: Context, record: dict[str, Any]) -> dict[str, Any]:
        ctx.store.delete("Endpoint", "gone")
        return described(ctx, record)

    monkeypatch.setattr(views, "_endpoint", endpoint)
    assert [one["name"] for one in views.overview(ctx)["endpoints"]] == ["there"]


def test_a_job_whose_name_begins_another_s_has_its_own_logs_only(ctx: Context) -> None:
    put_job(ctx, "TrainingJob", 1)
    (job,) = views.overview(ctx)["jobs"]
    assert "trainingjob-1/algo-1-0".startswith(job["stream"])
    assert not "trainingjob-10/algo-1-0".startswith(job["stream"])
