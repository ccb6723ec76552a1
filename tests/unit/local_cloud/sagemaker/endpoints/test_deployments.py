"""Updates go step by step, are watched by alarms, and come back whole when one of them goes off."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local_cloud import children
from local_cloud.clock import Clock
from local_cloud.sagemaker.endpoints import rollout
from local_cloud.sagemaker.errors import ServiceError

from .conftest import DEADLINE_S, Account, eventually, variant
from .test_policy import blue_green, rolling, size

Json = dict[str, Any]
ALARMS = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}


class Steps(Clock):
    """A clock whose waits last until the test lets them go; one wait of a bake is 600 seconds at most."""

    def __init__(self) -> None:
        super().__init__(speed=6000)
        object.__setattr__(self, "waits", [])
        object.__setattr__(self, "_begun", threading.Semaphore(0))
        object.__setattr__(self, "_go", threading.Semaphore(0))

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)  # type: ignore[attr-defined]
        self._begun.release()  # type: ignore[attr-defined]
        while not self._go.acquire(timeout=0.02):  # type: ignore[attr-defined]
            if event.is_set():
                return True
        return event.is_set()

    def arrive(self) -> float:
        """Wait until somebody waits; return for how many seconds."""
        assert self._begun.acquire(timeout=DEADLINE_S)  # type: ignore[attr-defined]
        return float(self.waits[-1])  # type: ignore[attr-defined]

    def go(self) -> None:
        """Let who waits go on."""
        self._go.release()  # type: ignore[attr-defined]


@pytest.fixture
def clock(account: Account) -> Iterator[Steps]:
    steps = Steps()
    account.ctx.clock = steps
    account.ctx.aws.alarms["errors"] = "OK"
    yield steps


def begin(account: Account, instances: int, deployment: Json, **new: Any) -> None:
    """Bring an endpoint of model `old` up and start an update to model `new`."""
    account.endpoint("live", account.config("first", variant(account.model("old"), instances=instances)))
    account.model("new", **new)
    account.config("second", variant("new", instances=instances))
    account.call(
        "UpdateEndpoint", EndpointName="live", EndpointConfigName="second", DeploymentConfig=deployment
    )


def answers(account: Account, requests: int = 80) -> dict[str, int]:
    """How many of some requests each model answered."""
    seen: dict[str, int] = {}
    for _ in range(requests):
        model = account.ask("live")["model"]
        seen[model] = seen.get(model, 0) + 1
    return seen


def pending(account: Account) -> Json:
    summary = account.describe("live")["PendingDeploymentSummary"]
    assert summary["EndpointConfigName"] == "second"
    (one,) = summary["ProductionVariants"]
    return dict(one)


def test_canary_takes_its_share_then_all(account: Account, clock: Steps) -> None:
    begin(account, 3, {**blue_green("CANARY", 300, 120, CanarySize=size(1)), **ALARMS})
    assert clock.arrive() == 300
    shown = pending(account)
    assert (shown["CurrentInstanceCount"], shown["DesiredInstanceCount"]) == (1, 3)
    assert (shown["CurrentWeight"], shown["InstanceType"]) == (1.0, "ml.m5.large")
    (stage,) = shown["VariantStatus"]
    assert stage["Status"] == "Baking"
    assert stage["StatusMessage"] == (
        "Baking for 300 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity "
        "of 1 instance(s)."
    )
    assert account.describe("live")["EndpointStatus"] == "Updating"
    assert account.describe("live")["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    assert set(answers(account)) == {"old", "new"}
    clock.go()
    assert clock.arrive() == 120
    assert answers(account, 10) == {"new": 10}
    assert len(children.running()) == 6
    clock.go()
    described = account.settled("live")
    assert (described["EndpointConfigName"], len(children.running())) == ("second", 3)
    assert "PendingDeploymentSummary" not in described
    assert described["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 120
    assert account.ctx.stages() == [
        "Launching 3 instance(s).",
        "Activating traffic on canary capacity of 1 instance(s).",
        stage["StatusMessage"],
        "Activating traffic on full capacity of 3 instance(s).",
        "Baking for 120 seconds (TerminationWaitInSeconds) with traffic enabled on full capacity "
        "of 3 instance(s).",
        "Baking for 120 seconds (TerminationWaitInSeconds) with traffic enabled on full capacity "
        "of 3 instance(s).",
    ]


def test_linear_goes_step_by_step(account: Account, clock: Steps) -> None:
    begin(account, 3, blue_green("LINEAR", 60, 30, LinearStepSize=size(1)))
    counts = []
    for _ in range(3):
        clock.arrive()
        counts.append(pending(account)["CurrentInstanceCount"])
        clock.go()
    assert account.settled("live")["EndpointConfigName"] == "second"
    assert (counts, clock.waits) == ([1, 2, 3], [60, 60, 30])  # type: ignore[attr-defined]


def test_alarm_while_baking_brings_all_traffic_back(account: Account, clock: Steps) -> None:
    begin(account, 2, {**blue_green("CANARY", 300, CanarySize=size(1)), **ALARMS})
    clock.arrive()
    before = {account.ask("live")["pid"] for _ in range(40)}
    account.ctx.aws.alarms["errors"] = "ALARM"
    clock.go()
    described = account.settled("live")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "first")
    assert "errors" in described["FailureReason"]
    assert "ALARM" in described["FailureReason"]
    assert account.ctx.statuses()[-3:] == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]
    assert answers(account, 20) == {"old": 20}
    assert {account.ask("live")["pid"] for _ in range(4)} < before
    assert len(children.running()) == 2
    assert "VariantStatus" not in described["ProductionVariants"][0]


def test_alarm_that_is_on_already_shifts_no_traffic(account: Account, clock: Steps) -> None:
    account.ctx.aws.alarms["errors"] = "ALARM"
    begin(account, 1, ALARMS)
    described = account.settled("live")
    assert described["EndpointConfigName"] == "first"
    assert "errors" in described["FailureReason"]
    assert not any("Activating" in stage for stage in account.ctx.stages())
    assert answers(account, 5) == {"old": 5}


def test_rolling_replaces_batch_by_batch(account: Account, clock: Steps) -> None:
    begin(account, 4, {**rolling(size(2)), **ALARMS})
    clock.arrive()
    assert pending(account)["CurrentInstanceCount"] == 2
    assert len(children.running()) == 6
    assert set(answers(account)) == {"old", "new"}
    clock.go()
    clock.arrive()
    assert account.describe("live")["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert answers(account, 10) == {"new": 10}
    clock.go()
    assert account.settled("live")["EndpointConfigName"] == "second"
    assert len(children.running()) == 4


def test_rolling_comes_back_in_batches(account: Account, clock: Steps) -> None:
    begin(account, 4, {**rolling(size(1), RollbackMaximumBatchSize=size(1)), **ALARMS})
    for _ in range(3):
        clock.arrive()
        clock.go()
    clock.arrive()
    assert account.describe("live")["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    account.ctx.aws.alarms["errors"] = "ALARM"
    clock.go()
    described = account.settled("live")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "first")
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 4
    assert answers(account, 10) == {"old": 10}
    assert eventually(lambda: len(children.running()) == 4)


def test_rollback_that_fails_leaves_both_configurations_in_service(account: Account, clock: Steps) -> None:
    begin(account, 2, {**rolling(size(1)), **ALARMS})
    clock.arrive()
    clock.go()
    clock.arrive()
    (model,) = Path(account.ctx.home).glob("endpoints/*/*/live/0001/AllTraffic/model/model.json")
    model.write_text(json.dumps({"name": "old", "refuses": "the disk is full"}))
    account.ctx.aws.alarms["errors"] = "ALARM"
    clock.go()
    assert eventually(lambda: account.describe("live")["EndpointStatus"] == "UpdateRollbackFailed")
    reason = account.describe("live")["FailureReason"]
    assert "errors" in reason
    assert "the disk is full" in reason
    assert set(answers(account)) == {"old", "new"}
    account.config("third", variant("new", instances=1))
    described = account.update("live", "third")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "third")
    assert "FailureReason" not in described
    assert len(children.running()) == 1


def test_deployment_that_takes_too_long_is_rolled_back(
    account: Account, clock: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(rollout, "time", SimpleNamespace(monotonic=lambda: now[0]))
    begin(account, 2, blue_green("CANARY", 300, timeout=600, CanarySize=size(1)))
    clock.arrive()
    clock.go()
    clock_done = account.settled("live")
    assert clock_done["EndpointConfigName"] == "second"  # 300 of 600 seconds
    account.config("third", variant("old", instances=2))
    wait = clock.wait

    def slow(event: threading.Event, seconds: float) -> bool:
        waited = wait(event, seconds)
        now[0] += 1.0
        return waited

    object.__setattr__(clock, "wait", slow)
    original = rollout.Rollout._activate

    def late(self: rollout.Rollout, *arguments: Any) -> None:
        now[0] += 400.0  # of work, between two waits
        original(self, *arguments)

    monkeypatch.setattr(rollout.Rollout, "_activate", late)
    account.call(
        "UpdateEndpoint",
        EndpointName="live",
        EndpointConfigName="third",
        DeploymentConfig=blue_green("CANARY", 300, timeout=600, CanarySize=size(1)),
    )
    clock.arrive()
    clock.go()
    described = account.settled("live")
    assert described["EndpointConfigName"] == "second"
    assert "MaximumExecutionTimeoutInSeconds (600)" in described["FailureReason"]


def test_alarms_must_exist(account: Account, clock: Steps) -> None:
    del account.ctx.aws.alarms["errors"]
    with pytest.raises(ServiceError, match=r"Could not find CloudWatch alarm\(s\): errors"):
        begin(account, 1, ALARMS)
    assert account.describe("live")["EndpointStatus"] == "InService"


def test_deployment_config_can_be_retained(account: Account, clock: Steps) -> None:
    canary = blue_green("CANARY", 300, CanarySize=size(1))
    account.model("one")
    account.config("first", variant("one", instances=2))
    account.call("CreateEndpoint", EndpointName="live", EndpointConfigName="first", DeploymentConfig=canary)
    account.settled("live")
    account.config("second", variant("one", instances=2))
    update = {"EndpointName": "live", "EndpointConfigName": "second", "RetainDeploymentConfig": True}
    with pytest.raises(ServiceError, match="RetainDeploymentConfig"):
        account.call("UpdateEndpoint", **update, DeploymentConfig=canary)
    account.call("UpdateEndpoint", **update)
    assert clock.arrive() == 300
    clock.go()
    assert account.settled("live")["EndpointConfigName"] == "second"


def test_guarded_deployments_need_the_same_variant_names(account: Account, clock: Steps) -> None:
    account.endpoint("live", account.config("first", variant(account.model("one"), "A", instances=2)))
    account.config("second", variant("one", "B", instances=2))
    with pytest.raises(ServiceError, match="same variant names"):
        account.call(
            "UpdateEndpoint",
            EndpointName="live",
            EndpointConfigName="second",
            DeploymentConfig=blue_green("CANARY", 1, CanarySize=size(1)),
        )
    assert account.update("live", "second")["ProductionVariants"][0]["VariantName"] == "B"


def test_deployment_ends_with_the_cloud(account: Account, clock: Steps) -> None:
    from local_cloud.sagemaker import endpoints

    begin(account, 2, blue_green("CANARY", 300, CanarySize=size(1)))
    clock.arrive()
    endpoints.shutdown()
    assert eventually(lambda: not children.running())
    assert account.ctx.store.get("Endpoint", "live")["EndpointStatus"] == "Updating"
