"""Both functions together: what is approved last is served, and a rolled back change is not repeated."""

import pytest

from infra.serving.runtime.config import Config
from infra.serving.runtime.deploy import Outcome, deploy
from infra.serving.runtime.errors import WrongLiveConfigError
from infra.serving.runtime.notes import WANTED_CONFIG_TAG, Approval
from infra.serving.runtime.sagemaker import SageMaker
from infra.serving.runtime.verify import Verdict, verify
from tests.unit.infra.serving.runtime.conftest import FakeClient, approved, arn


@pytest.fixture(autouse=True)
def versions(client: FakeClient) -> None:
    """Versions 4 and 5 beside version 3."""
    for version in (4, 5):
        client.add_version(version)


def follow(client: FakeClient, config: Config, approval: Approval) -> Outcome:
    return deploy(approval, config, SageMaker(client))[0]


def settled(client: FakeClient) -> Verdict:
    return verify("bertline-dev", SageMaker(client))


def served(client: FakeClient) -> str:
    """The version that serves."""
    assert client.endpoint is not None
    return client.endpoint["EndpointConfigName"].split("-")[2]


@pytest.fixture
def live(client: FakeClient, config: Config) -> None:
    """Version 3 is served."""
    follow(client, config, approved(3))
    client.settle()


@pytest.mark.usefixtures("live")
def test_an_approval_during_a_change_is_served_after_it(client: FakeClient, config: Config) -> None:
    assert follow(client, config, approved(4, minutes=1)) is Outcome.UPDATED
    assert follow(client, config, approved(5, minutes=2)) is Outcome.QUEUED
    assert settled(client) is Verdict.IN_MOTION
    client.settle()
    assert (served(client), settled(client)) == ("v4", Verdict.CONVERGING)
    client.settle()
    assert (served(client), settled(client)) == ("v5", Verdict.RIGHT)


def test_an_approval_during_the_creation_is_served_after_it(client: FakeClient, config: Config) -> None:
    assert follow(client, config, approved(3)) is Outcome.CREATED
    assert follow(client, config, approved(4, minutes=1)) is Outcome.QUEUED
    client.settle()
    assert settled(client) is Verdict.CONVERGING
    client.settle()
    assert (served(client), settled(client)) == ("v4", Verdict.RIGHT)


@pytest.mark.usefixtures("live")
def test_what_waited_is_tried_even_when_the_change_before_it_was_rolled_back(
    client: FakeClient, config: Config
) -> None:
    follow(client, config, approved(4, minutes=1))
    follow(client, config, approved(5, minutes=2))
    client.roll_back()
    assert (served(client), settled(client)) == ("v3", Verdict.CONVERGING)


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("queued", [False, True])
def test_a_silent_rollback_is_an_error_and_never_repeated(
    client: FakeClient, config: Config, queued: bool
) -> None:
    if queued:
        follow(client, config, approved(5, minutes=1))
        follow(client, config, approved(4, minutes=2))
        client.settle()
        assert settled(client) is Verdict.CONVERGING
    else:
        follow(client, config, approved(4, minutes=2))
    updates = client.calls.count("update_endpoint")
    client.roll_back()
    for _ in range(3):
        with pytest.raises(WrongLiveConfigError, match="serves bertline-dev-v"):
            settled(client)
    assert client.calls.count("update_endpoint") == updates


@pytest.mark.usefixtures("live")
def test_a_rolled_back_version_may_be_approved_again(client: FakeClient, config: Config) -> None:
    follow(client, config, approved(4, minutes=1))
    client.roll_back()
    assert follow(client, config, approved(4, minutes=9)) is Outcome.UPDATED
    client.settle()
    assert (served(client), settled(client)) == ("v4", Verdict.RIGHT)


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("change_ended", [False, True])
def test_a_late_event_does_not_win_over_a_newer_approval(
    client: FakeClient, config: Config, change_ended: bool
) -> None:
    follow(client, config, approved(5, minutes=2))
    if change_ended:
        client.settle()
    before = (list(client.calls), dict(client.tags))
    assert follow(client, config, approved(4, minutes=1)) is Outcome.SUPERSEDED
    assert (client.calls, client.tags) == before


@pytest.mark.usefixtures("live")
def test_a_late_event_does_not_win_over_what_waits(client: FakeClient, config: Config) -> None:
    follow(client, config, approved(4, minutes=1))
    follow(client, config, approved(5, minutes=3))
    assert follow(client, config, approved(3, minutes=2)) is Outcome.SUPERSEDED
    assert "-v5-" in client.tags[WANTED_CONFIG_TAG]


@pytest.mark.usefixtures("live")
def test_of_two_approvals_in_one_second_the_higher_version_wins(client: FakeClient, config: Config) -> None:
    follow(client, config, approved(5, minutes=1))
    assert follow(client, config, approved(4, minutes=1)) is Outcome.SUPERSEDED


@pytest.mark.usefixtures("live")
def test_an_older_version_that_is_approved_later_is_served(client: FakeClient, config: Config) -> None:
    follow(client, config, approved(5, minutes=1))
    client.settle()
    assert follow(client, config, approved(3, minutes=2)) is Outcome.UPDATED
    client.settle()
    assert (served(client), settled(client)) == ("v3", Verdict.RIGHT)


@pytest.mark.usefixtures("live")
def test_what_waited_is_dropped_when_its_approval_is_withdrawn(client: FakeClient, config: Config) -> None:
    follow(client, config, approved(4, minutes=1))
    follow(client, config, approved(5, minutes=2))
    client.packages[arn(5)]["ModelApprovalStatus"] = "Rejected"
    client.settle()
    assert (served(client), settled(client)) == ("v4", Verdict.WITHDRAWN)
