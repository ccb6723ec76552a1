"""After a restart the endpoints of kept records run again, with what they had, or say why they do not."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from local_cloud import children
from local_cloud.sagemaker import endpoints
from local_cloud.sagemaker.endpoints import live
from local_cloud.sagemaker.errors import ServiceError

from .conftest import Account, eventually, variant


def restart(account: Account, **changes: Any) -> None:
    """End all processes, as a kill does, change the record, and start on the kept records."""
    live.stop_all()
    assert eventually(lambda: not children.running())
    if changes:
        account.ctx.store.update("Endpoint", "live", **changes)
    account.ctx.events.clear()
    endpoints.resume(account.ctx)


def test_endpoint_comes_back_with_its_weights_and_instances(account: Account) -> None:
    account.model("one")
    account.config("first", variant("one", "A"), variant("one", "B"))
    account.endpoint("live", "first")
    wanted = [
        {"VariantName": "A", "DesiredWeight": 0.0},
        {"VariantName": "B", "DesiredWeight": 2.0, "DesiredInstanceCount": 2},
    ]
    account.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="live", DesiredWeightsAndCapacities=wanted
    )
    before = account.settled("live")
    restart(account)
    assert account.describe("live")["EndpointStatus"] in ("SystemUpdating", "InService")
    after = account.settled("live")
    assert account.ctx.statuses() == ["SYSTEM_UPDATING", "IN_SERVICE"]
    kept = ("VariantName", "CurrentWeight", "CurrentInstanceCount")
    for described in (before, after):
        found = [tuple(one[key] for key in kept) for one in described["ProductionVariants"]]
        assert found == [("A", 0.0, 1), ("B", 2.0, 2)]
    assert {account.invoke("live").headers["x-Amzn-Invoked-Production-Variant"] for _ in range(8)} == {"B"}
    assert len(children.running()) == 3


def test_resize_that_was_interrupted_is_made(account: Account) -> None:
    account.endpoint("live", account.config("first", variant(account.model("one"), "A")))
    (model,) = account.ctx.home.glob("endpoints/*/*/live/0001/A/model/model.json")
    model.write_text(json.dumps({"name": "one", "hangs": True}))
    wanted = [{"VariantName": "A", "DesiredWeight": 3.0, "DesiredInstanceCount": 2}]
    account.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="live", DesiredWeightsAndCapacities=wanted
    )
    for _ in range(2):  # nothing of it is forgotten at the second time
        restart(account)
        (found,) = account.settled("live")["ProductionVariants"]
        assert (found["CurrentWeight"], found["CurrentInstanceCount"]) == (3.0, 2)


def test_requests_are_told_to_wait_while_it_comes_back(account: Account) -> None:
    account.endpoint("live", account.config("first", variant(account.model("one"))))
    account.model("slow", hangs=True)
    restart(account, EndpointConfig={"EndpointConfigName": "first", "ProductionVariants": [variant("slow")]})
    with pytest.raises(ServiceError, match="coming up again") as raised:
        account.ask("live")
    assert (raised.value.code, raised.value.status) == ("ServiceUnavailable", 503)
    with pytest.raises(ServiceError, match="in-progress"):
        account.call("DeleteEndpoint", EndpointName="live")


@pytest.mark.parametrize("status", ["Updating", "RollingBack"])
def test_update_that_was_interrupted_is_rolled_back(account: Account, status: str) -> None:
    account.endpoint("live", account.config("first", variant(account.model("old"))))
    account.config("second", variant(account.model("new")))
    restart(account, EndpointStatus=status, PendingDeploymentSummary={"EndpointConfigName": "second"})
    described = account.settled("live")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "first")
    assert "ended during the update" in described["FailureReason"]
    assert "PendingDeploymentSummary" not in described
    assert account.ask("live")["model"] == "old"
    assert account.update("live", "second")["EndpointConfigName"] == "second"


def test_endpoint_that_was_being_created_has_failed(account: Account) -> None:
    account.endpoint("live", account.config("first", variant(account.model("one"))))
    restart(account, EndpointStatus="Creating")
    described = account.describe("live")
    assert described["EndpointStatus"] == "Failed"
    assert "while the endpoint was being created" in described["FailureReason"]
    account.call("DeleteEndpoint", EndpointName="live")
    assert eventually(lambda: not account.ctx.store.list("Endpoint"))


def test_endpoint_that_was_being_deleted_is_gone(account: Account) -> None:
    account.endpoint("live", account.config("first", variant(account.model("one"))))
    restart(account, EndpointStatus="Deleting")
    assert eventually(lambda: not account.ctx.store.list("Endpoint"))
    assert account.ctx.statuses() == ["DELETED"]
    assert children.running() == []


def test_endpoint_comes_back_with_what_it_ran_whatever_has_the_name_now(account: Account) -> None:
    account.endpoint("live", account.config("first", variant(account.model("one"))))
    account.update("live", account.config("second", variant(account.model("two"))))
    for name in ("first", "second"):
        account.call("DeleteEndpointConfig", EndpointConfigName=name)
    account.config("second", variant("one"))
    restart(account)
    assert account.settled("live")["EndpointConfigName"] == "second"
    assert account.ask("live")["model"] == "two"


@pytest.mark.parametrize("status", ["Creating", "SystemUpdating"])
def test_cloud_that_ends_while_an_endpoint_comes_up_has_not_failed_it(account: Account, status: str) -> None:
    if status == "SystemUpdating":
        account.endpoint("live", account.config("first", variant(account.model("one"))))
        account.model("slow", hangs=True)
        slow = {"EndpointConfigName": "first", "ProductionVariants": [variant("slow")]}
        restart(account, EndpointConfig=slow)
    else:
        account.config("first", variant(account.model("slow", hangs=True)))
        account.call("CreateEndpoint", EndpointName="live", EndpointConfigName="first")
    assert eventually(lambda: bool(children.running()))
    live.stop_all()
    assert eventually(lambda: all(one.name != "endpoint-live" for one in threading.enumerate()))
    assert account.ctx.store.get("Endpoint", "live")["EndpointStatus"] == status


def test_endpoint_without_its_model_fails_with_the_reason(account: Account) -> None:
    account.endpoint("live", account.config("first", variant(account.model("one"))))
    account.call("DeleteModel", ModelName="one")
    restart(account)
    described = account.settled("live")
    assert described["EndpointStatus"] == "Failed"
    assert "one" in described["FailureReason"]
