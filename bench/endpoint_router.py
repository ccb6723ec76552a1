"""What the endpoint router costs beside the model server, how well it keeps to shares, what it loses."""

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scipy.stats import binom

from bench.endpoint_cloud import BODY, EndpointCloud, Load, asker, running, variant
from local_cloud.sagemaker import control, endpoints, operations, registry
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import live
from local_cloud.sagemaker.endpoints.invocations import invoke

__all__ = ["control", "registry"]
SPEED = 60.0
ROUNDS, BLOCK = 40, 50
CALLERS, LOAD_S = 8, 6.0
BAND = 0.99
Ask = Callable[[], object]


def main() -> None:
    """Measure overhead, throughput, split and losses against one cloud in one run."""
    with running(SPEED) as cloud:
        for says, sleeps in (("one", 0.0), ("two", 0.0), ("slow", 0.3)):
            cloud.sagemaker.create_model(**cloud.model(says, sleeps))
        cloud.endpoint("plain", cloud.config("plain", variant("one")))
        overhead(cloud)
        throughput(cloud)
        split(cloud)
        update(cloud)
        rollback(cloud)


def overhead(cloud: EndpointCloud) -> None:
    """p50 and p99 of one caller, in turns: the model server, the router alone, the whole cloud."""
    with tempfile.TemporaryDirectory() as folder:
        ctx = _own_router(cloud, Path(folder))
        fleet = live.find(ctx, "own").fleet
        own_port = fleet.variants["AllTraffic"].workers[0]._port
        headers = {"content-type": "text/plain"}
        ways: dict[str, Ask] = {
            "model server, asked directly (peer)": asker(own_port, "/invocations"),
            "through the router, in its process": lambda: invoke(ctx, "own", BODY, headers),
            "model server of the cloud, directly": asker(cloud.server_port("plain"), "/invocations"),
            "emulator alone: no such endpoint": _refused(cloud.asker("none")),
            "through the cloud, plain HTTP": cloud.asker("plain"),
            "through the cloud, boto3": _with_boto3(cloud),
        }
        taken = _in_turns(ways)
        endpoints.shutdown()
    print(f"{ROUNDS * BLOCK} requests each, one caller, in turns (ms){'p50':>11}{'p99':>9}")
    for name, seconds in taken.items():
        print(f"  {name:44}{_ms(seconds, 50):13.2f}{_ms(seconds, 99):9.2f}")
    peer, router, near, floor, whole, _ = taken.values()
    for name, more, less in (
        ("the router adds", router, peer),
        ("the whole cloud adds", whole, near),
        ("of which emulator and HTTP server", floor, []),
    ):
        p50, p99 = (_ms(more, at) - (_ms(less, at) if less else 0.0) for at in (50, 99))
        print(f"  {name:44}{p50:13.2f}{p99:9.2f}")


def throughput(cloud: EndpointCloud) -> None:
    """Requests a second of several callers, of the model server and through the cloud, in turns."""
    ways = {
        "model server, asked directly (peer)": lambda: asker(cloud.server_port("plain"), "/invocations"),
        "through the cloud, plain HTTP": lambda: cloud.asker("plain"),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(3):
        for name, make in ways.items():
            with Load(make, CALLERS) as load:
                time.sleep(LOAD_S / 3)
            rates[name].append(load.total / load.seconds)
    print(f"requests/s of {CALLERS} callers (medians of 3)")
    for name, found in rates.items():
        print(f"  {name:44}{statistics.median(found):13.0f}")


def split(cloud: EndpointCloud) -> None:
    """Count who answers while a canary bakes, and by variant weights, against the binomial band."""
    cloud.endpoint("split", cloud.config("split-old", variant("one", 4)))
    cloud.config("split-new", variant("two", 4))
    _update(cloud, "split", "split-new", _canary(3600))
    _until(lambda: "Baking" in _stages(cloud, "split"))
    with Load(lambda: cloud.asker("split"), 4) as load:
        _until(lambda: load.total >= 4000)
    _band("canary of 1 in 4 instances", load, "two", 0.25)
    cloud.endpoint(
        "weights",
        cloud.config("weights", variant("one", 1, "A", 7.0), variant("two", 1, "B", 3.0)),
    )
    with Load(lambda: cloud.asker("weights"), 4) as load:
        _until(lambda: load.total >= 4000)
    _band("variant of weight 3 beside 7", load, "two", 0.3)


def update(cloud: EndpointCloud) -> None:
    """Update with a canary under load."""
    cloud.endpoint("update", cloud.config("update-old", variant("one", 2)))
    cloud.config("update-new", variant("two", 2))
    with Load(lambda: cloud.asker("update"), 4) as load:
        _update(cloud, "update", "update-new", _canary(120))
        described = cloud.settled("update")
    _lost("canary update", load, described["EndpointConfigName"] == "update-new")


def rollback(cloud: EndpointCloud) -> None:
    """Update to a slow model under load, with an alarm on its latency."""
    cloud.endpoint("back", cloud.config("back-old", variant("one", 2)))
    cloud.config("back-new", variant("slow", 2))
    dimensions = {"EndpointName": "back", "VariantName": "AllTraffic", "EndpointConfigName": "back-new"}
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="latency",
        Namespace="AWS/SageMaker",
        MetricName="ModelLatency",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        ExtendedStatistic="p90",
        Period=60,
        EvaluationPeriods=1,
        Threshold=200_000.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    alarms = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "latency"}]}}
    with Load(lambda: cloud.asker("back"), 4) as load:
        _update(cloud, "back", "back-new", {**_canary(3600), **alarms})
        described = cloud.settled("back")
    went_back = described["EndpointConfigName"] == "back-old" and "latency" in described["FailureReason"]
    _lost("alarm rollback", load, went_back)


def _own_router(cloud: EndpointCloud, folder: Path) -> Context:
    """A router in this process, with an endpoint of its own."""
    ctx = Context(cloud.cloud.account, cloud.cloud.region, cloud.cloud.endpoint_url, folder)
    operations.call(ctx, "CreateModel", cloud.model("one"))
    own = {"EndpointConfigName": "own", "ProductionVariants": [variant("one")]}
    operations.call(ctx, "CreateEndpointConfig", own)
    operations.call(ctx, "CreateEndpoint", {"EndpointName": "own", "EndpointConfigName": "own"})
    described = {"EndpointStatus": "Creating"}
    while described["EndpointStatus"] == "Creating":
        time.sleep(0.05)
        described = operations.call(ctx, "DescribeEndpoint", {"EndpointName": "own"})
    if described["EndpointStatus"] != "InService":
        raise RuntimeError(described["FailureReason"])
    return ctx


def _in_turns(ways: dict[str, Ask]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(-2, ROUNDS):
        for name, ask in ways.items():
            for _ in range(BLOCK):
                begun = time.perf_counter()
                ask()
                if turn >= 0:  # the first turns warm up
                    taken[name].append(time.perf_counter() - begun)
    return taken


def _with_boto3(cloud: EndpointCloud) -> Ask:
    runtime = cloud.client("sagemaker-runtime")

    def ask() -> object:
        answer = runtime.invoke_endpoint(EndpointName="plain", Body=BODY, ContentType="text/plain")
        return answer["Body"].read()

    return ask


def _refused(ask: Ask) -> Ask:
    def asked() -> object:
        try:
            return ask()
        except RuntimeError as error:
            return error

    return asked


def _canary(wait: int) -> dict[str, Any]:
    size = {"Type": "INSTANCE_COUNT", "Value": 1}
    routing = {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": wait}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


def _update(cloud: EndpointCloud, endpoint: str, config: str, deployment: dict[str, Any]) -> None:
    cloud.sagemaker.update_endpoint(
        EndpointName=endpoint, EndpointConfigName=config, DeploymentConfig=deployment
    )


def _stages(cloud: EndpointCloud, endpoint: str) -> list[str]:
    summary = cloud.sagemaker.describe_endpoint(EndpointName=endpoint).get("PendingDeploymentSummary", {})
    variants = summary.get("ProductionVariants", [])
    return [stage["Status"] for one in variants for stage in one.get("VariantStatus", [])]


def _until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(6000):
        if condition():
            return
        pause.wait(0.02)
    sys.exit("nothing happened for two minutes")


def _band(name: str, load: Load, counted: str, share: float) -> None:
    least, most = binom.interval(BAND, load.answers.total(), share)
    count = load.answers[counted]
    inside = "inside" if least <= count <= most else "OUTSIDE"
    print(f"{name}: {count} of {load.answers.total()} requests, {len(load.failures)} failed")
    print(f"  expected {share:.0%}, {BAND:.0%} binomial band {least:.0f}-{most:.0f}: {inside}")


def _lost(name: str, load: Load, done: bool) -> None:
    told = ", ".join(f"{count} by {says}" for says, count in sorted(load.answers.items()))
    outcome = "done" if done else "NOT DONE"
    print(f"{name} under load, {load.seconds:.1f} s: {outcome}; {load.total} requests ({told})")
    print(f"  failed: {len(load.failures)} {sorted(set(load.failures))[:3] or ''}")


def _ms(seconds: list[float], percent: int) -> float:
    return 1000 * statistics.quantiles(seconds, n=100)[percent - 1]


if __name__ == "__main__":
    main()
