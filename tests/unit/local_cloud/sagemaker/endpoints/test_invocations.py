"""InvokeEndpoint answers, spreads requests, and reports failures as the service does."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from local_cloud.sagemaker.endpoints import capture, live, worker
from local_cloud.sagemaker.errors import ServiceError

from .conftest import Account, eventually, in_thread, variant


def test_request_and_answer_are_passed_on(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"))))
    response = account.invoke("live", "a review", content_type="application/jsonlines")
    assert response.status == 200
    assert response.headers["x-Amzn-Invoked-Production-Variant"] == "AllTraffic"
    assert response.headers["Content-Type"] == "application/json"
    answer = account.ask("live", "a review", content_type="application/jsonlines")
    assert (answer["body"], answer["type"]) == ("a review", "application/jsonlines")


def test_instances_take_turns(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"), instances=2)))
    pids = [account.ask("live")["pid"] for _ in range(4)]
    assert pids[0] != pids[1]
    assert pids[:2] == pids[2:]


def test_weights_choose_the_variant_and_a_caller_may_too(account: Account) -> None:
    account.model("a"), account.model("b")
    account.endpoint("live", account.config("config", variant("a", "A"), variant("b", "B", weight=0)))
    assert {account.ask("live")["model"] for _ in range(8)} == {"a"}
    assert account.ask("live", x_amzn_sagemaker_target_variant="B")["model"] == "b"
    with pytest.raises(ServiceError, match="Variant C is not a production variant") as raised:
        account.ask("live", x_amzn_sagemaker_target_variant="C")
    assert (raised.value.code, raised.value.status) == ("ValidationError", 400)


def test_unknown_endpoint_is_a_validation_error(account: Account) -> None:
    with pytest.raises(ServiceError, match="Endpoint nowhere of account 123456789012 not found") as raised:
        account.ask("nowhere")
    assert (raised.value.code, raised.value.status) == ("ValidationError", 400)


@pytest.mark.parametrize(("status", "who"), [(400, "client"), (500, "server")])
def test_refusal_of_the_model_is_a_model_error(account: Account, status: int, who: str) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one", status=status))))
    with pytest.raises(ServiceError, match=rf"Received {who} error \({status}\) from primary") as raised:
        account.ask("live", "text")
    error = raised.value
    assert (error.code, error.status) == ("ModelError", 424)
    assert error.extra["OriginalStatusCode"] == status
    assert '"body": "text"' in str(error.extra["OriginalMessage"])
    assert str(error.extra["LogStreamArn"]).endswith(":log-group:/aws/sagemaker/Endpoints/live")


def test_dead_model_server_is_a_model_error_and_restarted(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"))))
    before = account.ask("live")["pid"]
    with pytest.raises(ServiceError, match="the model process exited") as raised:
        account.ask("live", "die")
    assert (raised.value.code, raised.value.extra["OriginalStatusCode"]) == ("ModelError", 0)
    assert eventually(lambda: _answers(account))
    assert account.ask("live")["pid"] != before


def test_idle_model_server_that_was_killed_is_replaced(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"), instances=2)))
    killed = account.ask("live")["pid"]
    os.kill(killed, signal.SIGKILL)

    def both_are_back() -> bool:
        try:
            pids = {account.ask("live")["pid"] for _ in range(4)}
        except ServiceError:
            return False
        return len(pids) == 2 and killed not in pids

    assert eventually(both_are_back)


def test_slow_answer_is_a_model_error(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "INVOCATION_TIMEOUT_S", 0.2)
    account.endpoint("live", account.config("config", variant(account.model("one"))))
    with pytest.raises(ServiceError, match="invocation timed out") as raised:
        account.ask("live", "sleep 5")
    assert raised.value.code == "ModelError"


def test_shadow_gets_copies_and_never_answers(account: Account, tmp_path: Path) -> None:
    account.model("main"), account.model("shadow", received=str(tmp_path / "received"))
    account.config("config", variant("main"), ShadowProductionVariants=[variant("shadow", "Shadow")])
    described = account.endpoint("live", "config")
    assert described["ShadowProductionVariants"][0]["VariantName"] == "Shadow"
    assert {account.ask("live", "copy me")["model"] for _ in range(3)} == {"main"}
    assert eventually(lambda: (tmp_path / "received").exists())
    assert eventually(lambda: (tmp_path / "received").read_text() == "copy me;" * 3)


def test_invocations_are_counted(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"))))
    account.ask("live")
    account.ask("live")
    with pytest.raises(ServiceError):
        account.ask("live", "die")

    def total(metric: str, config: bool) -> float:
        dimensions = {"EndpointName": "live", "VariantName": "AllTraffic"}
        dimensions |= {"EndpointConfigName": "config"} if config else {}
        found = 0.0
        for datum in account.ctx.aws.metrics:
            if datum["MetricName"] == metric and dimensions == {
                item["Name"]: item["Value"] for item in datum["Dimensions"]
            }:
                found += sum(v * n for v, n in zip(datum["Values"], datum["Counts"], strict=True))
        return found

    for config in (True, False):
        assert eventually(lambda config=config: total("Invocations", config) == 3.0)
        assert total("Invocation5XXErrors", config) == 1.0
        assert total("ModelLatency", config) > 0.0


def _answers(account: Account) -> bool:
    try:
        account.ask("live")
    except ServiceError:
        return False
    return True


def _total(account: Account, metric: str, **dimensions: str) -> float:
    found = 0.0
    for datum in account.ctx.aws.metrics:
        if datum["MetricName"] == metric and dimensions == {
            item["Name"]: item["Value"] for item in datum["Dimensions"]
        }:
            found += sum(v * n for v, n in zip(datum["Values"], datum["Counts"], strict=True))
    return found


def test_errors_and_load_are_counted_as_the_service_counts_them(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one", status=400), instances=2)))
    for _ in range(4):
        with pytest.raises(ServiceError, match=r"client error \(400\)"):
            account.ask("live")
    subject = {"EndpointName": "live", "VariantName": "AllTraffic"}
    assert eventually(lambda: _total(account, "Invocations", **subject) == 4.0)
    for metric, total in (
        ("Invocation4XXErrors", 4.0),
        ("Invocation5XXErrors", 0.0),
        ("InvocationModelErrors", 4.0),
        ("InvocationsPerInstance", 2.0),
        ("ConcurrentRequestsPerModel", 4.0),
    ):
        assert _total(account, metric, **subject) == total, metric
        assert _total(account, metric, **subject, EndpointConfigName="config") == total, metric


def test_weights_spread_requests_and_a_target_overrides_them(account: Account) -> None:
    account.model("a"), account.model("b")
    account.endpoint(
        "live", account.config("config", variant("a", "A", weight=1.0), variant("b", "B", weight=0.0))
    )
    assert {account.ask("live")["model"] for _ in range(10)} == {"a"}
    targeted = {"x-amzn-sagemaker-target-variant": "B"}
    assert account.ask("live", **targeted)["model"] == "b"
    assert account.invoke("live", **targeted).headers["x-Amzn-Invoked-Production-Variant"] == "B"
    wanted = [{"VariantName": "A", "DesiredWeight": 0.0}]
    account.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="live", DesiredWeightsAndCapacities=wanted
    )
    account.settled("live")
    with pytest.raises(ServiceError, match="weight 0"):
        account.ask("live")


def test_least_outstanding_requests_go_to_the_idle_instance(account: Account) -> None:
    routed = {**variant(account.model("one"), instances=2)}
    routed["RoutingConfig"] = {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}
    described = account.endpoint("live", account.config("config", routed))
    assert described["ProductionVariants"][0]["RoutingConfig"] == routed["RoutingConfig"]
    fleet = live.find(account.ctx, "live").fleet  # type: ignore[union-attr]
    workers = fleet.variants["AllTraffic"].workers  # type: ignore[union-attr]

    def keep_busy() -> None:
        with suppress(ServiceError):  # it is still busy when the test ends
            account.ask("live", "sleep 600")

    in_thread(keep_busy)
    assert eventually(lambda: sum(one.in_flight for one in workers) == 1)
    (idle,) = (one.pid for one in workers if not one.in_flight)
    assert {account.ask("live")["pid"] for _ in range(5)} == {idle}


def test_instance_that_was_killed_loses_no_request_that_it_had_not_seen(account: Account) -> None:
    account.endpoint("live", account.config("config", variant(account.model("one"), instances=2)))
    killed = account.ask("live")["pid"]
    account.ask("live")
    os.kill(killed, signal.SIGKILL)
    assert eventually(lambda: not psutil.pid_exists(killed))
    pids = [account.ask("live")["pid"] for _ in range(10)]
    assert len(pids) == 10


def test_failing_shadow_is_counted_and_captured_but_not_seen(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bytes, bool, str | None, str | None]] = []

    def record(
        self: Any, endpoint: str, config: Any, variant: str, sent: Any, answered: Any, *more: Any
    ) -> None:
        seen.append((variant, sent.data, answered is not None, more[0], more[2]))

    monkeypatch.setattr(capture.Capturer, "record", record)
    account.model("main"), account.model("shadow", status=500)
    options = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://captured/here",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    account.config(
        "config",
        variant("main"),
        ShadowProductionVariants=[variant("shadow", "Shadow")],
        DataCaptureConfig=options,
    )
    described = account.endpoint("live", "config")
    assert described["DataCaptureConfig"]["CaptureStatus"] == "Started"
    given = {"x-amzn-sagemaker-inference-id": "one-1"}
    assert account.ask("live", "copy me", **given)["model"] == "main"
    assert eventually(lambda: len(seen) == 2)
    main, shadow = sorted(seen)
    assert main[:4] == ("AllTraffic", b"copy me", True, "one-1")
    assert shadow[:4] == ("Shadow", b"copy me", False, "one-1")
    assert main[4] == shadow[4] is not None
    shadowed = {"EndpointName": "live", "VariantName": "Shadow"}
    assert eventually(lambda: _total(account, "Invocation5XXErrors", **shadowed) == 1.0)


def test_slow_shadow_does_not_slow_the_answer(account: Account) -> None:
    account.model("main"), account.model("shadow", slow=30)
    account.endpoint(
        "live",
        account.config("config", variant("main"), ShadowProductionVariants=[variant("shadow", "Shadow")]),
    )
    for _ in range(12):  # more than copies can be under way
        assert account.ask("live")["model"] == "main"
