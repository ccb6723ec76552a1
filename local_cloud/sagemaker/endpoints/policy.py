"""A DeploymentConfig as a plan: how many instances take traffic after each step, how long it is watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local_cloud.sagemaker.endpoints.variants import VariantPlan
from local_cloud.sagemaker.errors import validation

ALL_AT_ONCE, CANARY, LINEAR, ROLLING = "ALL_AT_ONCE", "CANARY", "LINEAR", "ROLLING"
# Type of routing -> the member that gives its size, and the smallest share of a fleet (%) that it may be.
_SIZES = {CANARY: ("CanarySize", 0), LINEAR: ("LinearStepSize", 10)}
_SMALLEST_BATCH, _LARGEST = 5, 50
Config = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """A part of a fleet, as a number of instances or in percent of them."""

    kind: str
    value: int

    @classmethod
    def of(cls, given: Config) -> Size:
        """The size that a CapacitySize gives."""
        return cls(given["Type"], given["Value"])

    def instances(self, total: int) -> int:
        """How many of `total` instances it is: one at least; a part of one counts only if it is the first."""
        wanted = self.value if self.kind == "INSTANCE_COUNT" else total * self.value // 100
        return min(total, max(1, wanted))

    def check(self, member: str, plans: Sequence[VariantPlan], least: int, most: int = _LARGEST) -> None:
        """ValidationException unless it is `least` to `most` percent of the instances of every variant."""
        for plan in plans:
            total = max(1, plan.instances)
            part = self.value if self.kind != "INSTANCE_COUNT" else 100 * self.value / total
            if not least <= part <= most or 100 * self.instances(total) > most * total:
                words = f"{self.value}%" if self.kind != "INSTANCE_COUNT" else f"{self.value} instance(s)"
                bounds = f"{least}-{most}%" if least else f"at most {most}%"
                raise validation(
                    f"Invalid {member}: {words} of variant {plan.name} with {plan.instances} instance(s); "
                    f"it must be {bounds} of the variant's total instance count."
                )


@dataclass(frozen=True)
class Policy:
    """How an endpoint changes from one fleet to another. Times are in seconds of the cloud's clock."""

    kind: str = ALL_AT_ONCE
    step: Size | None = None
    wait_s: int = 0
    termination_s: int = 0
    timeout_s: int | None = None
    rollback: Size | None = None
    alarms: tuple[str, ...] = ()

    def steps(self, total: int) -> list[int]:
        """How many of a variant's `total` new instances take traffic after each step; the last is all."""
        if self.kind == ALL_AT_ONCE or self.step is None or not total:
            return [total]
        size = self.step.instances(total)
        if self.kind == CANARY:
            return [size, total]
        return [*range(size, total, size), total]

    def waits(self, steps: int) -> list[tuple[int, str]]:
        """How long the cloud watches after each step, and the member that says so."""
        if self.kind == ROLLING:
            return [(self.wait_s, "WaitIntervalInSeconds")] * steps
        between = [(self.wait_s, "WaitIntervalInSeconds")] * (steps - 1)
        return [*between, (self.termination_s, "TerminationWaitInSeconds")]


def policy_of(config: Config | None, plans: Sequence[VariantPlan]) -> Policy:
    """Return the plan that a DeploymentConfig asks for.

    Parameters
    ----------
    plans
        The variants of the new endpoint configuration.

    Raises
    ------
    ServiceError
        The service would refuse it: sizes, times or combinations are out of bounds.
    """
    config = config or {}
    alarms = tuple(alarm["AlarmName"] for alarm in _alarms(config))
    production = [plan for plan in plans if not plan.shadow]
    if "BlueGreenUpdatePolicy" in config and "RollingUpdatePolicy" in config:
        raise validation(
            "Only one update policy can be used in a DeploymentConfig: BlueGreenUpdatePolicy or "
            "RollingUpdatePolicy."
        )
    if "RollingUpdatePolicy" in config:
        policy = _rolling(config["RollingUpdatePolicy"], production, alarms)
    elif "BlueGreenUpdatePolicy" in config:
        policy = _blue_green(config["BlueGreenUpdatePolicy"], production, alarms)
    else:
        policy = Policy(alarms=alarms)
    _check_time(policy, production)
    return policy


def _alarms(config: Config) -> list[Config]:
    alarms: list[Config] = config.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    if any("AlarmName" not in alarm for alarm in alarms):
        raise validation("Every alarm of an AutoRollbackConfiguration needs an AlarmName.")
    return alarms


def _blue_green(given: Config, plans: Sequence[VariantPlan], alarms: tuple[str, ...]) -> Policy:
    routing = given["TrafficRoutingConfiguration"]
    kind = routing["Type"]
    for type_, (member, least) in _SIZES.items():
        if type_ != kind and member in routing:
            raise validation(f"{member} can only be specified with traffic routing type {type_}, not {kind}.")
        if type_ == kind and member not in routing:
            raise validation(f"{member} is required with traffic routing type {kind}.")
        if type_ == kind:
            Size.of(routing[member]).check(member, plans, least)
    step = Size.of(routing[_SIZES[kind][0]]) if kind in _SIZES else None
    return Policy(
        kind=kind,
        step=step,
        wait_s=routing["WaitIntervalInSeconds"],
        termination_s=given.get("TerminationWaitInSeconds", 0),
        timeout_s=given.get("MaximumExecutionTimeoutInSeconds"),
        alarms=alarms,
    )


def _rolling(given: Config, plans: Sequence[VariantPlan], alarms: tuple[str, ...]) -> Policy:
    if len(plans) > 1:
        raise validation("RollingUpdatePolicy is not supported for endpoints with multiple variants.")
    batch = Size.of(given["MaximumBatchSize"])
    batch.check("MaximumBatchSize", plans, _SMALLEST_BATCH)
    rollback = None
    if "RollbackMaximumBatchSize" in given:
        rollback = Size.of(given["RollbackMaximumBatchSize"])
        rollback.check("RollbackMaximumBatchSize", plans, _SMALLEST_BATCH, 100)
    return Policy(
        kind=ROLLING,
        step=batch,
        wait_s=given["WaitIntervalInSeconds"],
        timeout_s=given.get("MaximumExecutionTimeoutInSeconds"),
        rollback=rollback,
        alarms=alarms,
    )


def _check_time(policy: Policy, plans: Sequence[VariantPlan]) -> None:
    if policy.timeout_s is None:
        return
    steps = max(len(policy.steps(plan.instances)) for plan in plans)
    waiting = sum(seconds for seconds, _ in policy.waits(steps))
    if waiting >= policy.timeout_s:
        raise validation(
            f"MaximumExecutionTimeoutInSeconds ({policy.timeout_s}) must be larger than the total waiting "
            f"time of the deployment, {waiting} seconds in {steps} step(s)."
        )
