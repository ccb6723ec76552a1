"""An approval creates or updates the endpoint, can be repeated, and waits for other changes."""

from typing import Any

import pytest

from infra.serving.runtime.config import Config
from infra.serving.runtime.deploy import Outcome, deploy
from infra.serving.runtime.errors import EndpointBusyError, EndpointFailedError, PackageError
from infra.serving.runtime.notes import ATTEMPTED_CONFIG_TAG, WANTED_CONFIG_TAG, Notes
from infra.serving.runtime.plan import Plan, make_plan
from infra.serving.runtime.sagemaker import SageMaker
from tests.unit.infra.serving.runtime.conftest import PACKAGE, FakeClient, approved

Json = dict[str, Any]


@pytest.fixture
def plan(package: Json, config: Config) -> Plan:
    return make_plan(package, config)


def run(client: FakeClient, config: Config) -> Outcome:
    return deploy(approved(), config, SageMaker(client))[0]


def test_the_first_approval_creates_everything(client: FakeClient, config: Config, plan: Plan) -> None:
    assert run(client, config) is Outcome.CREATED
    assert client.calls == ["create_model", "create_endpoint_config", "create_endpoint"]
    model = client.models[plan.model]
    assert model["PrimaryContainer"] == {
        "ModelPackageName": PACKAGE,
        "Environment": {"BERTLINE_MODEL_VERSION": "3"},
    }
    assert model["EnableNetworkIsolation"] is True
    assert model["ExecutionRoleArn"] == config.model_role
    made = client.configs[plan.endpoint_config]
    assert made["KmsKeyId"] == config.volume_key
    (variant,) = made["ProductionVariants"]
    assert variant["VariantName"] == "AllTraffic"
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.c5.large", 2)
    name = plan.endpoint_config
    assert Notes.read(client.tags) == Notes(wanted=name, attempted=name, approval=approved())


def test_no_key_is_sent_for_local_disks(client: FakeClient, config: Config, package: Json) -> None:
    package["CustomerMetadataProperties"]["DeployInstanceType"] = "ml.g5.xlarge"
    run(client, config)
    assert "KmsKeyId" not in client.configs[make_plan(package, config).endpoint_config]


def test_a_later_approval_updates_the_endpoint(client: FakeClient, config: Config, plan: Plan) -> None:
    client.put_endpoint("InService", "bertline-dev-v2-old")
    assert run(client, config) is Outcome.UPDATED
    assert client.calls == ["create_model", "create_endpoint_config", "update_endpoint"]
    name = plan.endpoint_config
    assert Notes.read(client.tags) == Notes(wanted=name, attempted=name, approval=approved())
    client.settle()
    assert client.endpoint["EndpointConfigName"] == plan.endpoint_config


def test_a_repeated_event_changes_nothing(client: FakeClient, config: Config) -> None:
    run(client, config)
    before = list(client.calls)
    assert run(client, config) is Outcome.UNDER_WAY
    client.settle()
    assert run(client, config) is Outcome.ALREADY_LIVE
    assert client.calls == before


@pytest.mark.parametrize(
    "broken", ["create_endpoint_config", "create_endpoint", "add_tags", "update_endpoint"]
)
def test_a_broken_try_is_finished_by_the_next(
    client: FakeClient, config: Config, plan: Plan, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    if broken in {"add_tags", "update_endpoint"}:
        client.put_endpoint("InService", "bertline-dev-v2-old")

    def fail(**_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(client, broken, fail)
        with pytest.raises(ConnectionError):
            run(client, config)
    assert run(client, config) in {Outcome.CREATED, Outcome.UPDATED}
    client.settle()
    assert client.endpoint["EndpointConfigName"] == client.tags[WANTED_CONFIG_TAG] == plan.endpoint_config


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_an_approval_during_another_change_is_queued(
    client: FakeClient, config: Config, plan: Plan, status: str
) -> None:
    client.put_endpoint(status, "bertline-dev-v1-old", pending="bertline-dev-v2-old")
    assert run(client, config) is Outcome.QUEUED
    assert client.calls == ["create_model", "create_endpoint_config"]
    assert Notes.read(client.tags) == Notes(
        wanted=plan.endpoint_config, attempted="bertline-dev-v2-old", approval=approved()
    )


def test_a_change_that_ends_while_the_wish_is_noted_is_not_waited_for(
    client: FakeClient, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put_endpoint("Updating", "bertline-dev-v1-old", pending="bertline-dev-v2-old")
    note = client.add_tags

    def note_and_settle(**request: Any) -> None:
        monkeypatch.undo()
        note(**request)
        client.settle()

    monkeypatch.setattr(client, "add_tags", note_and_settle)
    assert run(client, config) is Outcome.UPDATED


def test_an_endpoint_that_is_being_deleted_keeps_no_notes(client: FakeClient, config: Config) -> None:
    client.put_endpoint("Deleting", "bertline-dev-v1-old")
    with pytest.raises(EndpointBusyError, match="is being deleted"):
        run(client, config)
    client.endpoint = None
    assert run(client, config) is Outcome.CREATED


def test_the_update_to_this_very_version_is_not_another_change(
    client: FakeClient, config: Config, plan: Plan
) -> None:
    client.put_endpoint("Updating", "bertline-dev-v2-old", pending=plan.endpoint_config)
    assert run(client, config) is Outcome.UNDER_WAY


def test_going_back_to_the_live_version_waits_for_the_update_away_from_it(
    client: FakeClient, config: Config, plan: Plan
) -> None:
    client.put_endpoint("Updating", plan.endpoint_config, pending="bertline-dev-v4-new")
    assert run(client, config) is Outcome.QUEUED
    assert client.tags[WANTED_CONFIG_TAG] == plan.endpoint_config


def test_a_rolled_back_wish_is_withdrawn_by_approving_what_is_live(
    client: FakeClient, config: Config, plan: Plan
) -> None:
    client.put_endpoint("InService", plan.endpoint_config)
    client.tags = {WANTED_CONFIG_TAG: "bertline-dev-v4-new"}
    assert run(client, config) is Outcome.ALREADY_LIVE
    assert client.tags[WANTED_CONFIG_TAG] == client.tags[ATTEMPTED_CONFIG_TAG] == plan.endpoint_config


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "UpdateRollbackFailed"])
def test_a_failed_endpoint_is_reported(client: FakeClient, config: Config, status: str) -> None:
    client.put_endpoint(status, "bertline-dev-v2-old")
    with pytest.raises(EndpointFailedError, match=f"is {status}: delete it"):
        run(client, config)


@pytest.mark.parametrize("status", ["Rejected", "PendingManualApproval"])
def test_a_withdrawn_approval_deploys_nothing(
    client: FakeClient, config: Config, package: Json, status: str
) -> None:
    package["ModelApprovalStatus"] = status
    assert run(client, config) is Outcome.NO_LONGER_APPROVED
    assert client.calls == []


def test_a_package_of_another_group_deploys_nothing(
    client: FakeClient, config: Config, package: Json
) -> None:
    package["ModelPackageGroupName"] = "other"
    with pytest.raises(PackageError):
        run(client, config)
    assert client.calls == []
