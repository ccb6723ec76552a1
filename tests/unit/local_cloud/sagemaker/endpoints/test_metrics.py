"""Many latencies are sent as a few values that keep their statistics; instances tell how busy they are."""

from __future__ import annotations

import os
import random
import sys
from collections import Counter

import pytest

from local_cloud.sagemaker.endpoints import utilization
from local_cloud.sagemaker.endpoints.metrics import condensed

from .conftest import Account, eventually, variant


def test_few_values_stay_as_they_are() -> None:
    assert condensed(Counter({2.0: 3, 1.0: 1})) == [(1.0, 1), (2.0, 3)]
    assert condensed(Counter()) == []


@pytest.mark.parametrize("seed", range(5))
def test_many_values_become_few_and_keep_their_statistics(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - latencies, not secrets
    values = [float(round(draw.lognormvariate(8, 1))) for _ in range(2000)]
    few = condensed(Counter(values))
    assert len(few) <= 24
    assert sum(count for _, count in few) == len(values)
    assert sum(value * count for value, count in few) == pytest.approx(sum(values))
    assert (few[0][0], few[-1][0]) == (min(values), max(values))
    assert few == sorted(few)
    spread = [value for value, count in few for _ in range(count)]
    for rank in (0.5, 0.9):
        near = sorted(values)
        at = int(rank * len(values))
        assert near[at - 100] <= spread[at] <= near[at + 100]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_instances_tell_their_cpu_and_memory(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utilization, "_EVERY_REAL_S", (0.02, 0.02))
    account.model("one")
    metrics = {"EnableEnhancedMetrics": True}
    account.config("config", variant("one", instances=2), MetricsConfig=metrics)
    assert account.endpoint("live", "config")["MetricsConfig"] == metrics

    def told() -> dict[tuple[str, str], float]:
        """(metric, instance or "") -> the greatest value, of all instances together or of one."""
        found: dict[tuple[str, str], float] = {}
        for datum in account.ctx.aws.metrics:
            if datum["Unit"] == "Percent":
                named = {one["Name"]: one["Value"] for one in datum["Dimensions"]}
                assert (named["EndpointName"], named["VariantName"]) == ("live", "AllTraffic")
                key = (datum["MetricName"], named.get("InstanceId", ""))
                found[key] = max([found.get(key, 0.0), *datum["Values"]])
        return found

    hosts = ("", "AllTraffic-0", "AllTraffic-1")
    wanted = {(metric, host) for metric in ("CPUUtilization", "MemoryUtilization") for host in hosts}
    assert eventually(lambda: set(told()) == wanted)
    assert all(0 < value < 100 for (metric, _), value in told().items() if metric == "MemoryUtilization")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_usage_of_a_process_grows_with_its_work() -> None:
    before = utilization.usage(os.getpid())
    assert before is not None
    while True:
        sum(range(100_000))
        after = utilization.usage(os.getpid())
        assert after is not None
        if after.cpu_s > before.cpu_s:
            break
    assert after.memory > 2**20
    assert utilization.usage(2**22 + 1) is None
