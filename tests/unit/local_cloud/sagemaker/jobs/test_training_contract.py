"""What the hosts of a training job see: channels, configuration, pipes, groups, credentials."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import Any

import pytest

from local_cloud.sagemaker.jobs import lifecycle

from ..conftest import AccountContext
from .requests import ROLE, Json, run_job, training_request

KEEP = {"CheckpointConfig": {"S3Uri": "s3://b/kept"}}


def _train(ctx: AccountContext, script: str, **more: Any) -> Json:
    request = training_request(entrypoint=["/bin/bash", "-ec", script], **{**KEEP, **more})
    job = run_job(ctx, lifecycle.TRAINING, request)
    assert job["TrainingJobStatus"] == "Completed", job
    return job


def _kept(ctx: AccountContext) -> dict[str, str]:
    return {
        key.removeprefix("kept/"): body.decode().strip()
        for (_, key), body in ctx.stub.objects.items()
        if key.startswith("kept/")
    }


def _channel(name: str, **more: Any) -> Json:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://b/{name}", **more.pop("source", {})}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **more}


def test_a_host_finds_all_about_its_job(ctx: AccountContext) -> None:
    ctx.stub.objects["b", "train/deep/a"] = b"1"
    _train(
        ctx,
        "cp /opt/ml/input/config/*.json /opt/ml/input/data/train-manifest /opt/ml/checkpoints/;"
        " echo $TRAINING_JOB_NAME $TRAINING_JOB_ARN $MINE > /opt/ml/checkpoints/environment",
        HyperParameters={"epochs": "3"},
        InputDataConfig=[_channel("train", ContentType="text/csv", InputMode="FastFile")],
        Environment={"MINE": "/opt/ml/model"},
    )
    kept = _kept(ctx)
    read = {name.removesuffix(".json"): json.loads(kept[name]) for name in kept if name.endswith(".json")}
    assert read["hyperparameters"] == {"epochs": "3"}
    assert read["inputdataconfig"]["train"] == {
        "TrainingInputMode": "FastFile",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
        "ContentType": "text/csv",
    }
    assert read["resourceconfig"]["hosts"] == [read["resourceconfig"]["current_host"]]
    assert read["resourceconfig"]["current_instance_type"] == "ml.m5.large"
    assert read["metric-definition-regex"] == []
    assert read["trainingjobconfig"]["TrainingJobName"] == "train"
    assert read["checkpointconfig"]["LocalPath"].endswith("/algo-1/opt/ml/checkpoints")
    assert json.loads(kept["train-manifest"])[1:] == ["deep/a"]
    name, arn, mine = kept["environment"].split()
    assert (name, arn.endswith(":training-job/train"), mine.endswith("/algo-1/opt/ml/model")) == (
        "train",
        True,
        True,
    )


def test_groups_have_hosts_types_and_channels_of_their_own(ctx: AccountContext) -> None:
    ctx.stub.objects.update({("b", "common/x"): b"", ("b", "parts/1"): b"", ("b", "parts/2"): b""})
    groups = [
        {"InstanceGroupName": "cpu", "InstanceType": "ml.c5.xlarge", "InstanceCount": 2},
        {"InstanceGroupName": "gpu", "InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
    ]
    sharded = {"S3DataDistributionType": "ShardedByS3Key", "InstanceGroupNames": ["cpu"]}
    _train(
        ctx,
        "cd /opt/ml; f=checkpoints/$$; cp input/config/resourceconfig.json $f.json;"
        " ls input/data | grep -v manifest > $f.channels; ls input/data/parts > $f.parts || true",
        ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 1},
        InputDataConfig=[_channel("common"), _channel("parts", source=sharded)],
    )
    kept = _kept(ctx)
    seen = {}
    for name in [name for name in kept if name.endswith(".json")]:
        told, process = json.loads(kept[name]), name.removesuffix(".json")
        channels = kept[f"{process}.channels"].split()
        seen[told["current_host"]] = (
            told["current_group_name"],
            told["current_instance_type"],
            channels,
            kept[f"{process}.parts"].split(),
        )
        assert [group["hosts"] for group in told["instance_groups"]] == [
            ["127.0.0.1", "127.0.0.2"],
            ["127.0.0.3"],
        ]
    assert seen == {
        "127.0.0.1": ("cpu", "ml.c5.xlarge", ["common", "parts"], ["1"]),
        "127.0.0.2": ("cpu", "ml.c5.xlarge", ["common", "parts"], ["2"]),
        "127.0.0.3": ("gpu", "ml.g5.xlarge", ["common"], []),
    }


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pipe_an_epoch(ctx: AccountContext, zipped: bool) -> None:
    for name in "abcdefgh":
        body = name.encode() * 40_000  # more than a pipe holds
        ctx.stub.objects["b", f"train/{name}"] = gzip.compress(body) if zipped else body
    channel = _channel("train", InputMode="Pipe", ShuffleConfig={"Seed": 3})
    if zipped:
        channel["CompressionType"] = "Gzip"
    _train(
        ctx,
        "cd /opt/ml/input/data; for e in 0 1; do tr -s a-z < train_$e > ../../checkpoints/$e; done;"
        " head -c 5 train_2 > ../../checkpoints/2; tr -s a-z < train_3 > ../../checkpoints/3",
        InputDataConfig=[channel],
    )
    kept = _kept(ctx)
    assert [sorted(kept[epoch]) for epoch in "013"] == [sorted("abcdefgh")] * 3
    assert len({kept[epoch] for epoch in "013"}) == 3
    assert len(kept["2"]) == 5


@pytest.mark.parametrize("ending", ["sleep 600", "exit 0"])
def test_a_pipe_that_cannot_be_filled_fails_the_job(ctx: AccountContext, ending: str) -> None:
    manifest = [{"prefix": "s3://b/train/"}, "gone"]
    ctx.stub.objects["b", "list"] = json.dumps(manifest).encode()
    channel = _channel(
        "train", InputMode="Pipe", source={"S3DataType": "ManifestFile", "S3Uri": "s3://b/list"}
    )
    # One goes on after the end of the pipe, and one takes it for the end of the data.
    script = f"cat /opt/ml/input/data/train_0 > /opt/ml/model/all; {ending}"
    request = training_request(entrypoint=["/bin/bash", "-ec", script], InputDataConfig=[channel])
    job = run_job(ctx, lifecycle.TRAINING, request)
    assert job["FailureReason"].startswith("ClientError: Data download failed")
    assert [key for _, key in ctx.stub.objects] == ["list"]
    assert not [path for path in ctx.home.rglob("train_*") if path.is_fifo()]


def test_the_model_is_made_of_what_all_hosts_left(ctx: AccountContext) -> None:
    script = (
        'h=$(sed -n \'s/.*"current_host": "\\([^"]*\\)".*/\\1/p\' /opt/ml/input/config/resourceconfig.json);'
        " echo $h > /opt/ml/model/$h; echo $h > /opt/ml/model/common"
    )
    cluster = {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    job = _train(ctx, script, ResourceConfig=cluster)
    key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://b/")
    with tarfile.open(fileobj=io.BytesIO(ctx.stub.objects["b", key])) as tar:
        names = tar.getnames()
        common = tar.extractfile("common")
        assert names == ["127.0.0.1", "127.0.0.2", "common"]
        assert common is not None
        assert common.read() == b"127.0.0.1\n"


def test_a_model_can_be_left_uncompressed(ctx: AccountContext) -> None:
    target = {"S3OutputPath": "s3://b/models", "CompressionType": "NONE", "KmsKeyId": "k"}
    job = _train(
        ctx, "mkdir /opt/ml/model/deep; echo 1 > /opt/ml/model/deep/weights", OutputDataConfig=target
    )
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == "s3://b/models/train/output/model/"
    assert ctx.stub.objects["b", "models/train/output/model/deep/weights"] == b"1\n"
    assert ctx.stub.keys["b", "models/train/output/model/deep/weights"] == "k"


@pytest.mark.parametrize("isolated", [True, False])
def test_a_job_in_isolation_has_no_credentials(ctx: AccountContext, isolated: bool) -> None:
    _train(ctx, "echo role:$ROLE > /opt/ml/checkpoints/seen", EnableNetworkIsolation=isolated)
    assert _kept(ctx)["seen"] == ("role:" if isolated else f"role:{ROLE}")


def test_a_warm_pool_ends_with_its_job(ctx: AccountContext) -> None:
    cluster = {
        "InstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "VolumeSizeInGB": 1,
        "KeepAlivePeriodInSeconds": 60,
    }
    job = _train(ctx, "true", ResourceConfig=cluster)
    assert job["WarmPoolStatus"] == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 0}


def test_summaries_for_tensorboard_go_up_while_the_job_runs(ctx: AccountContext) -> None:
    script = "mkdir -p /opt/ml/output/tensorboard; echo 1 > /opt/ml/output/tensorboard/events"
    _train(ctx, script, TensorBoardOutputConfig={"S3OutputPath": "s3://b/boards"})
    assert ("b", "boards/train/tensorboard-output/events") in ctx.stub.objects
