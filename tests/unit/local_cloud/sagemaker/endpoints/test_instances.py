"""The instances of an endpoint: what is left of them once they are gone, and what a failed resize leaves."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from local_cloud import children
from local_cloud.sagemaker.endpoints.fleet import Fleet
from local_cloud.sagemaker.errors import ServiceError

from .conftest import Account, FakeContext, breaks, eventually, in_thread, variant


def resize(account: Account, **counts: int) -> dict[str, Any]:
    wanted = [{"VariantName": name, "DesiredInstanceCount": count} for name, count in counts.items()]
    account.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="live", DesiredWeightsAndCapacities=wanted
    )
    return account.settled("live")


def counts(described: dict[str, Any]) -> dict[str, int]:
    return {one["VariantName"]: one["CurrentInstanceCount"] for one in described["ProductionVariants"]}


def followed(name: str) -> set[str]:
    """The instances of a variant whose logs are followed now."""
    lead = f"tail-{name}/"
    return {one.name.removeprefix(lead) for one in threading.enumerate() if one.name.startswith(lead)}


def test_instance_that_leaves_is_followed_no_more_and_its_number_is_not_given_again(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"), "Watched")))
    resize(account, Watched=2)
    assert followed("Watched") == {"Watched-0", "Watched-1"}
    resize(account, Watched=1)
    assert followed("Watched") == {"Watched-0"}
    resize(account, Watched=2)
    assert followed("Watched") == {"Watched-0", "Watched-2"}


def test_instance_whose_role_was_refused_can_be_added_later(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"), "A")))

    def refuse(self: FakeContext, role_arn: str | None) -> dict[str, str]:
        raise PermissionError("not trusted")

    with monkeypatch.context() as patched:
        patched.setattr(FakeContext, "job_environment", refuse)
        assert "not trusted" in resize(account, A=2)["FailureReason"]
    described = resize(account, A=2)
    assert "FailureReason" not in described
    assert counts(described) == {"A": 2}


def test_resize_that_fails_leaves_the_others_as_they_were(account: Account) -> None:
    account.model("one"), account.model("two")
    account.endpoint("live", account.config("config", variant("one", "A", 2), variant("two", "B")))
    (model,) = account.ctx.home.glob("endpoints/*/*/live/0001/B/model/model.json")
    model.write_text(json.dumps({"name": "two", "refuses": "no more memory"}))
    described = resize(account, A=1, B=2)
    assert "no more memory" in described["FailureReason"]
    assert counts(described) == {"A": 2, "B": 1}


def test_endpoint_that_never_came_up_leaves_no_files(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one", refuses="no"))))
    assert list(account.ctx.home.rglob("model.json"))
    account.call("DeleteEndpoint", EndpointName="live")
    assert eventually(lambda: not account.ctx.store.list("Endpoint"))
    assert list((account.ctx.home / "endpoints").rglob("model.json")) == []


def test_image_was_resolved_when_the_variant_was_made(account: Account) -> None:
    first = account.endpoint("live", account.config("config", variant(account.model("one"))))
    for described in (first, account.describe("live")):
        (image,) = described["ProductionVariants"][0]["DeployedImages"]
        assert image["ResolutionTime"] <= first["LastModifiedTime"]


def test_a_resize_thatbreaks_leaves_the_endpoint_in_service(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"))))
    monkeypatch.setattr(Fleet, "_worker", breaks)
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    account.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="live", DesiredWeightsAndCapacities=wanted
    )
    described = account.settled("live")
    assert described["EndpointStatus"] == "InService"
    assert described["FailureReason"] == "InternalServerError: RuntimeError: can't start new thread"
    assert account.ctx.statuses()[-1] == "IN_SERVICE"


def test_weights_and_counts_change_in_place(account: Account) -> None:
    account.model("a"), account.model("b")
    account.endpoint("live", account.config("config", variant("a", "A"), variant("b", "B", weight=0)))
    wanted = [
        {"VariantName": "A", "DesiredWeight": 0.0},
        {"VariantName": "B", "DesiredWeight": 1.0, "DesiredInstanceCount": 2},
    ]
    account.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="live", DesiredWeightsAndCapacities=wanted
    )
    account.settled("live")
    assert {account.ask("live")["model"] for _ in range(4)} == {"b"}
    assert len({account.ask("live")["pid"] for _ in range(4)}) == 2
    wanted = [{"VariantName": "B", "DesiredInstanceCount": 1}]
    account.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="live", DesiredWeightsAndCapacities=wanted
    )
    account.settled("live")
    assert len({account.ask("live")["pid"] for _ in range(4)}) == 1


def test_capacities_are_wanted_before_they_are_there(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"), instances=2)))
    gate = in_thread(lambda: account.ask("live", "sleep 0.4")["pid"])
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 1, "DesiredWeight": 3.0}]
    account.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="live", DesiredWeightsAndCapacities=wanted
    )
    described = account.describe("live")
    (summary,) = described["ProductionVariants"]
    if described["EndpointStatus"] == "Updating":
        assert (summary["CurrentWeight"], summary["DesiredWeight"]) == (1.0, 3.0)
        assert summary["DesiredInstanceCount"] == 1
    (summary,) = account.settled("live")["ProductionVariants"]
    assert (summary["CurrentWeight"], summary["DesiredWeight"]) == (3.0, 3.0)
    assert (summary["CurrentInstanceCount"], summary["DesiredInstanceCount"]) == (1, 1)
    assert gate()
    assert len(children.running()) == 1


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"VariantName": "Nobody"}, "no variant Nobody"),
        ({"VariantName": "AllTraffic", "DesiredInstanceCount": 0}, "must be 1 or more"),
        ({"VariantName": "AllTraffic", "ServerlessUpdateConfig": {}}, "only for serverless"),
    ],
)
def test_capacities_that_are_refused(account: Account, item: dict[str, object], message: str) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"))))
    with pytest.raises(ServiceError, match=message):
        account.call(
            "UpdateEndpointWeightsAndCapacities", EndpointName="live", DesiredWeightsAndCapacities=[item]
        )
    assert account.describe("live")["EndpointStatus"] == "InService"


def test_resize_that_fails_comes_back(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"))))
    (model,) = account.ctx.home.glob("endpoints/*/*/live/0001/AllTraffic/model/model.json")
    model.write_text(json.dumps({"name": "one", "refuses": "no more memory"}))
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3, "DesiredWeight": 7.0}]
    account.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="live", DesiredWeightsAndCapacities=wanted
    )
    described = account.settled("live")
    assert "no more memory" in described["FailureReason"]
    (summary,) = described["ProductionVariants"]
    assert (summary["CurrentInstanceCount"], summary["DesiredInstanceCount"]) == (1, 1)
    assert (summary["CurrentWeight"], summary["DesiredWeight"]) == (1.0, 1.0)
    assert account.ctx.statuses()[-3:] == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]
    assert account.ask("live")["model"] == "one"
