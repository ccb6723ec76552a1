"""The hosts of a training job: how many, of which instance group and type, under which names."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local_cloud.sagemaker.errors import validation

_LOOPBACK_HOSTS = 254
_ONE_GROUP = "homogeneousCluster"
# Members of ResourceConfig that ask for what no single machine has.
_ELSEWHERE = ("TrainingPlanArn", "InstancePlacementConfig", "InstancePreferences")


@dataclass(frozen=True)
class Member:
    """One host.

    Parameters
    ----------
    host : str
        A name that resolves at once: one of its own would cost minutes of retries at start.
    number : int
        Counts from 1.
    """

    host: str
    number: int
    group: str
    instance: str


def check(resources: dict[str, Any]) -> None:
    """Refuse what cannot be had here; ServiceError names the member."""
    for member in _ELSEWHERE:
        if resources.get(member):
            raise validation(f"ResourceConfig.{member} is not supported here; leave it out")
    groups = resources.get("InstanceGroups")
    if groups and ("InstanceCount" in resources or "InstanceType" in resources):
        raise validation("ResourceConfig takes either InstanceGroups, or InstanceCount and InstanceType")
    names = [group["InstanceGroupName"] for group in groups or []]
    if len(set(names)) != len(names):
        raise validation("InstanceGroupName must be unique in ResourceConfig.InstanceGroups")
    counts = [
        group["InstanceCount"] for group in groups or [{"InstanceCount": resources.get("InstanceCount", 0)}]
    ]
    if min(counts) < 1 or sum(counts) > _LOOPBACK_HOSTS:
        raise validation(f"ResourceConfig.InstanceCount must be from 1 to {_LOOPBACK_HOSTS}")


def members(resources: dict[str, Any]) -> list[Member]:
    """The hosts of a ResourceConfig, group by group."""
    single = {
        "InstanceGroupName": _ONE_GROUP,
        "InstanceCount": resources.get("InstanceCount", 1),
        "InstanceType": resources.get("InstanceType", "local"),
    }
    groups = resources.get("InstanceGroups") or [single]
    homes = [
        (one["InstanceGroupName"], one["InstanceType"]) for one in groups for _ in range(one["InstanceCount"])
    ]
    alone = len(homes) == 1
    return [
        Member("localhost" if alone else f"127.0.0.{at}", at, group, instance)
        for at, (group, instance) in enumerate(homes, start=1)
    ]


def described(mine: Member, everyone: Sequence[Member]) -> dict[str, Any]:
    """What resourceconfig.json tells a host."""
    groups: dict[str, dict[str, Any]] = {}
    for one in everyone:
        group = {"instance_group_name": one.group, "instance_type": one.instance, "hosts": []}
        groups.setdefault(one.group, group)["hosts"].append(one.host)
    return {
        "current_host": mine.host,
        "current_instance_type": mine.instance,
        "current_group_name": mine.group,
        "hosts": [one.host for one in everyone],
        "instance_groups": list(groups.values()),
        "network_interface_name": "lo0" if sys.platform == "darwin" else "lo",
    }
