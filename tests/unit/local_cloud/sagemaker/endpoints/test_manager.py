"""Endpoints come up, change without a gap, fall back when an update fails, and go away."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from local_cloud import children
from local_cloud.sagemaker.endpoints import live
from local_cloud.sagemaker.endpoints.fleet import Fleet
from local_cloud.sagemaker.errors import ServiceError

from .conftest import ROLE, Account, breaks, eventually, in_thread, variant


def test_endpoint_comes_into_service(account: Account) -> None:
    account.config("config", variant(account.model("one"), instances=2))
    described = account.endpoint("live", "config")
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "config"
    (summary,) = described["ProductionVariants"]
    assert summary["VariantName"] == "AllTraffic"
    assert (summary["CurrentInstanceCount"], summary["DesiredInstanceCount"]) == (2, 2)
    assert (summary["CurrentWeight"], summary["DesiredWeight"]) == (1.0, 1.0)
    assert summary["DeployedImages"][0]["SpecifiedImage"] == "image:1"
    assert len(children.running()) == 2


def test_each_status_is_announced(account: Account) -> None:
    account.config("config", variant(account.model("one")))
    account.call(
        "CreateEndpoint",
        EndpointName="live",
        EndpointConfigName="config",
        Tags=[{"Key": "team", "Value": "reviews"}],
    )
    account.settled("live")
    account.update("live", account.config("second", variant("one")))
    account.call("DeleteEndpoint", EndpointName="live")
    assert eventually(lambda: account.ctx.statuses()[-1] == "DELETED")
    assert account.ctx.statuses() == [
        "CREATING",
        "IN_SERVICE",
        "UPDATING",
        "IN_SERVICE",
        "DELETING",
        "DELETED",
    ]
    event = account.ctx.events[1]
    assert event["type"] == "SageMaker Endpoint State Change"
    assert event["EndpointName"] == "live"
    assert event["EndpointArn"].endswith(":endpoint/live")
    assert event["EndpointConfigName"] == "config"
    assert event["Tags"] == {"team": "reviews"}
    assert event["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_container_sees_package_and_model_environment(account: Account) -> None:
    uri = account.archive("packaged.tar.gz", {"model.json": json.dumps({"name": "packaged"})})
    container = {"Image": "image:2", "ModelDataUrl": uri, "Environment": {"A": "package", "B": "package"}}
    account.call("CreateModelPackageGroup", ModelPackageGroupName="group")
    arn = account.call(
        "CreateModelPackage",
        ModelPackageGroupName="group",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/plain"],
            "SupportedResponseMIMETypes": ["text/plain"],
        },
    )["ModelPackageArn"]
    own = {"ModelPackageName": arn, "Environment": {"B": "model", "C": "/opt/ml/model/code"}}
    account.call("CreateModel", ModelName="packaged", PrimaryContainer=own, ExecutionRoleArn=ROLE)
    account.endpoint("live", account.config("config", variant("packaged")))
    answer = account.ask("live")
    assert answer["model"] == "packaged"
    seen = answer["env"]
    assert (seen["A"], seen["B"], seen["ROLE"]) == ("package", "model", ROLE)
    assert Path(seen["C"]).parent == Path(seen["SAGEMAKER_BASE_DIR"]) / "model"
    assert "PYTEST_CURRENT_TEST" not in seen


@pytest.mark.parametrize(("given", "threads"), [({}, "2"), ({"OMP_NUM_THREADS": "1"}, "1")])
def test_cores_are_shared_by_the_instances(
    account: Account, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], threads: str
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    account.endpoint("live", account.config("config", variant(account.model("one", given), instances=2)))
    answer = account.ask("live")
    assert answer["env"]["OMP_NUM_THREADS"] == threads
    assert int(answer["concurrency"]) * int(threads) == 2


def test_update_switches_without_a_gap(account: Account) -> None:
    account.endpoint("live", account.config("first", variant(account.model("old"))))
    old = account.ask("live")["pid"]
    slow = in_thread(lambda: account.ask("live", "sleep 0.3"))
    fleet = live.find(account.ctx, "live").fleet  # type: ignore[union-attr]
    assert eventually(lambda: fleet.variants["AllTraffic"].in_flight == 1)  # type: ignore[union-attr]
    finish = in_thread(
        lambda: account.update("live", account.config("second", variant(account.model("new"))))
    )
    seen = set()
    while account.describe("live")["EndpointStatus"] != "InService" or "new" not in seen:
        seen.add(account.ask("live")["model"])
    described = finish()
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "second")
    assert slow()["pid"] == old
    assert account.ask("live")["model"] == "new"
    assert len(children.running()) == 1


def test_failed_update_leaves_the_old_configuration_live(account: Account) -> None:
    account.endpoint("live", account.config("first", variant(account.model("old"))))
    before = account.ask("live")["pid"]
    account.config("second", variant(account.model("new", refuses="no module named torch")))
    described = account.update("live", "second")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "first")
    assert "no module named torch" in described["FailureReason"]
    assert account.ctx.statuses()[-3:] == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]
    assert account.ask("live")["pid"] == before
    assert len(children.running()) == 1
    assert "FailureReason" not in account.update("live", account.config("third", variant("old")))


def test_endpoint_whose_model_does_not_start_fails(account: Account) -> None:
    account.config("config", variant(account.model("bad", refuses="weights are missing"), instances=2))
    described = account.endpoint("live", "config")
    assert described["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in described["FailureReason"]
    assert "weights are missing" in described["FailureReason"]
    assert account.ctx.statuses() == ["CREATING", "FAILED"]
    assert eventually(lambda: children.running() == [])
    with pytest.raises(ServiceError, match="can only be deleted"):
        account.update("live", "config")
    account.call("DeleteEndpoint", EndpointName="live")


def test_model_server_that_is_killed_while_it_starts_is_started_again(
    account: Account, tmp_path: Path
) -> None:
    account.config("config", variant(account.model("one", killed_once=str(tmp_path / "killed"))))
    assert account.endpoint("live", "config")["EndpointStatus"] == "InService"
    assert (tmp_path / "killed").exists()
    assert account.ask("live")["model"] == "one"


def test_model_that_takes_too_long_fails(account: Account) -> None:
    slow = {**variant(account.model("slow", hangs=True))}
    # Less than the service's minimum, so it is set behind the operation's back.
    account.config("config", slow)
    account.ctx.store.modify(
        "EndpointConfig",
        "config",
        lambda config: config["ProductionVariants"][0].update(
            ContainerStartupHealthCheckTimeoutInSeconds=0.05
        ),
    )
    described = account.endpoint("live", "config")
    assert described["EndpointStatus"] == "Failed"
    assert "not ready after" in described["FailureReason"]
    assert eventually(lambda: children.running() == [])


def test_missing_model_data_is_named(account: Account) -> None:
    container = {"Image": "image:1", "ModelDataUrl": "s3://models/nowhere.tar.gz"}
    account.call("CreateModel", ModelName="lost", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    described = account.endpoint("live", account.config("config", variant("lost")))
    assert described["EndpointStatus"] == "Failed"
    assert "s3://models/nowhere.tar.gz" in described["FailureReason"]


def test_an_old_fleet_that_cannot_be_ended_does_not_hold_up_the_update(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.endpoint("live", account.config("first", variant(account.model("old"))))
    monkeypatch.setattr(Fleet, "retire", breaks)
    described = account.update("live", account.config("second", variant(account.model("new"))))
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "second")
    assert account.ask("live")["model"] == "new"
    account.call("DeleteEndpoint", EndpointName="live")
    assert eventually(lambda: not account.ctx.store.list("Endpoint"))


@pytest.mark.parametrize(("deployed", "status"), [(False, "Failed"), (True, "InService")])
def test_a_change_thatbreaks_ends_in_a_status(
    account: Account, monkeypatch: pytest.MonkeyPatch, deployed: bool, status: str
) -> None:
    account.config("config", variant(account.model("one")))
    if deployed:
        account.endpoint("live", "config")
    monkeypatch.setattr(Fleet, "start", breaks)
    described = account.update("live", "config") if deployed else account.endpoint("live", "config")
    assert described["EndpointStatus"] == status
    assert "can't start new thread" in described["FailureReason"]


def test_unknown_configuration_and_model_are_refused(account: Account) -> None:
    with pytest.raises(ServiceError, match=r"endpoint config.*nothing"):
        account.endpoint("live", "nothing")
    account.config("config", variant(account.model("one")))
    account.call("DeleteModel", ModelName="one")
    with pytest.raises(ServiceError, match=r"model.*one"):
        account.endpoint("live", "config")
    assert account.ctx.events == []


def test_changing_endpoint_takes_no_other_change(account: Account) -> None:
    account.config("config", variant(account.model("slow", hangs=True)))
    account.call("CreateEndpoint", EndpointName="live", EndpointConfigName="config")
    for operation, more in (("UpdateEndpoint", {"EndpointConfigName": "config"}), ("DeleteEndpoint", {})):
        with pytest.raises(ServiceError, match="in-progress"):
            account.call(operation, EndpointName="live", **more)


def test_configuration_in_use_may_be_deleted(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"))))
    account.call("DeleteEndpointConfig", EndpointConfigName="config")
    assert account.describe("live")["EndpointConfigName"] == "config"
    assert account.ask("live")["model"] == "one"
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    account.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="live", DesiredWeightsAndCapacities=wanted
    )
    assert account.settled("live")["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    with pytest.raises(ServiceError, match="Could not find endpoint configuration"):
        account.call("DeleteEndpointConfig", EndpointConfigName="config")


def test_deleted_endpoint_leaves_nothing(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"))))
    worker = account.ask("live")["pid"]
    assert psutil.pid_exists(worker)
    account.call("DeleteEndpoint", EndpointName="live")
    assert eventually(lambda: not account.ctx.store.list("Endpoint"))
    assert eventually(lambda: not psutil.pid_exists(worker))
    assert list((account.ctx.home / "endpoints").rglob("model.json")) == []
    with pytest.raises(ServiceError, match="Could not find"):
        account.describe("live")


def test_update_may_retain_weights_and_counts(account: Account) -> None:
    account.model("one")
    account.endpoint("live", account.config("first", variant("one", instances=2, weight=0.5)))
    account.config("second", variant("one"))
    described = account.update("live", "second", RetainAllVariantProperties=True)
    (summary,) = described["ProductionVariants"]
    assert (summary["CurrentInstanceCount"], summary["CurrentWeight"]) == (2, 0.5)


def test_output_of_the_model_server_reaches_the_log_group(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"))))
    account.call("DeleteEndpoint", EndpointName="live")
    assert eventually(lambda: not account.ctx.store.list("Endpoint"))
    line = ("/aws/sagemaker/Endpoints/live", "AllTraffic/AllTraffic-0", "serving one")
    assert line in account.ctx.aws.lines


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ({}, (1.0, 1)),
        ({"RetainAllVariantProperties": True}, (5.0, 2)),
        (
            {
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
            },
            (1.0, 2),
        ),
    ],
)
def test_variant_properties_can_be_retained(
    account: Account, more: dict[str, object], kept: tuple[float, int]
) -> None:
    account.endpoint("live", account.config("first", variant(account.model("one"))))
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2, "DesiredWeight": 5.0}]
    account.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="live", DesiredWeightsAndCapacities=wanted
    )
    account.settled("live")
    (summary,) = account.update("live", account.config("second", variant("one")), **more)[
        "ProductionVariants"
    ]
    assert (summary["CurrentWeight"], summary["CurrentInstanceCount"]) == kept
