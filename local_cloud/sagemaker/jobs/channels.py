"""The input channels of a training job: what is refused, what a host sees of them, and how it gets there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.jobs import transfer
from local_cloud.sagemaker.jobs.cluster import Member
from local_cloud.sagemaker.jobs.container import Container
from local_cloud.sagemaker.jobs.pipes import Feeder

_TYPES = ("S3Prefix", "ManifestFile")
Channel = dict[str, Any]


def check(channels: Sequence[Channel], default: str, groups: set[str]) -> None:
    """Refuse what cannot be had here.

    Raises
    ------
    ServiceError
        Names the channel and what is wrong with it.
    """
    names = [channel["ChannelName"] for channel in channels]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise validation(f"ChannelName must be unique in InputDataConfig: {', '.join(doubled)}")
    for channel in channels:
        problem = _problem(channel, channel.get("InputMode", default), groups)
        if problem:
            raise validation(f"Channel '{channel['ChannelName']}': {problem}")


def _problem(channel: Channel, mode: str, groups: set[str]) -> str | None:
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        return f"a DataSource of {', '.join(channel['DataSource'])} is not supported here; use S3DataSource"
    if source["S3DataType"] not in _TYPES:
        return f"S3DataType {source['S3DataType']} is not supported here; use {' or '.join(_TYPES)}"
    for member in ("AttributeNames", "HubAccessConfig", "ModelAccessConfig"):
        if member in source:
            return f"S3DataSource.{member} is not supported here"
    if channel.get("RecordWrapperType", "None") != "None":
        return f"RecordWrapperType {channel['RecordWrapperType']} is not supported here; use None"
    if channel.get("CompressionType", "None") != "None" and mode != "Pipe":
        return (
            f"CompressionType {channel['CompressionType']} is for Pipe mode; in {mode} mode it must be None"
        )
    unknown = sorted(set(source.get("InstanceGroupNames", [])) - groups)
    return f"there is no instance group {', '.join(unknown)}" if unknown else None


def described(channels: Sequence[Channel], default: str) -> dict[str, dict[str, str]]:
    """What inputdataconfig.json tells."""
    return {channel["ChannelName"]: _described(channel, default) for channel in channels}


def fetch(
    client: Any,
    channel: Channel,
    default: str,
    container: Container,
    mine: Member,
    everyone: Sequence[Member],
) -> Feeder | None:
    """Bring a channel to a host: its files, or the pipe that they come through.

    Raises
    ------
    JobFailed
        It names no objects.
    """
    source = channel["DataSource"]["S3DataSource"]
    wanted = source.get("InstanceGroupNames")
    getting = [one for one in everyone if not wanted or one.group in wanted]
    if mine not in getting:
        return None
    sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
    share = (getting.index(mine), len(getting)) if sharded else (0, 1)
    seed = channel.get("ShuffleConfig", {}).get("Seed")
    found = transfer.objects(client, source["S3DataType"], source["S3Uri"])

    def objects_of(epoch: int) -> list[transfer.Object]:
        return transfer.shared(found, share, None if seed is None else seed + epoch)

    name = channel["ChannelName"]
    target = container.ml / "input" / "data" / name
    if channel.get("InputMode", default) == "Pipe":
        zipped = channel.get("CompressionType", "None") == "Gzip"
        return Feeder(client, objects_of, target, zipped=zipped)
    transfer.fetch_all(client, objects_of(0), target)
    manifest = [{"prefix": f"{target}/"}, *(item.below for item in objects_of(0))]
    container.write_json(f"opt/ml/input/data/{name}-manifest", manifest)
    return None


def _described(channel: Channel, default: str) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    return {
        "TrainingInputMode": channel.get("InputMode", default),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
    }
