"""What `--state` costs: milliseconds a request with and without it, and how soon a server answers."""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local_cloud import launcher
from local_cloud.options import Options
from local_cloud.state import folder

ROUNDS, REQUESTS, STARTS = 5, 60, 5
OBJECTS, EVENTS = 2_000, 20_000
_TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
_CONFIG = Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required")
Call = Callable[[int], Any]


def main() -> None:
    """Interleave rounds against a cloud in memory and one with state; both hold the same."""
    with tempfile.TemporaryDirectory() as place:
        homes = {"memory": Path(place) / "memory", "state": Path(place) / "kept"}
        options = {"memory": Options(), "state": Options(state=Path(place) / "state")}
        clouds = {name: launcher.start(home, 0, options[name]) for name, home in homes.items()}
        try:
            calls = {name: _calls(cloud) for name, cloud in clouds.items()}
            for name in calls:
                _fill(calls[name])
            _compare(calls)
            print(f"size of the state: {folder.size(Path(place) / 'state') / 2**20:.1f} MiB")
            _starts(homes["state"], options["state"])
        finally:
            for home in homes.values():
                launcher.stop(home)


def _calls(cloud: launcher.Cloud) -> dict[str, Call]:
    def client(service: str) -> Any:
        session = boto3.Session(cloud.account, "local", region_name=cloud.region)
        return session.client(service, endpoint_url=cloud.endpoint_url, config=_CONFIG)

    s3, iam, logs, sagemaker = client("s3"), client("iam"), client("logs"), client("sagemaker")
    runtime, cloudwatch = client("sagemaker-featurestore-runtime"), client("cloudwatch")
    s3.create_bucket(Bucket="bucket")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    sagemaker.create_feature_group(
        FeatureGroupName="group",
        RecordIdentifierFeatureName="name",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": "name", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "Fractional"},
        ],
        OnlineStoreConfig={"EnableOnlineStore": True},
    )
    body = os.urandom(100_000)

    def record(number: int) -> list[dict[str, str]]:
        return [
            {"FeatureName": "name", "ValueAsString": f"n{number}"},
            {"FeatureName": "at", "ValueAsString": f"{time.time()}"},
        ]

    def events(count: int) -> list[dict[str, Any]]:
        return [{"timestamp": int(time.time() * 1000), "message": "a line of a log"} for _ in range(count)]

    # Every call is given a number that it has not been given before.
    return {
        "PutObject 1 kB": lambda n: s3.put_object(Bucket="bucket", Key=f"s{n}", Body=body[:1000]),
        "PutObject 100 kB": lambda n: s3.put_object(Bucket="bucket", Key=f"l{n % 50}", Body=body),
        "GetObject 1 kB": lambda n: s3.get_object(Bucket="bucket", Key="s0")["Body"].read(),
        "PutRecord": lambda n: runtime.put_record(FeatureGroupName="group", Record=record(n)),
        "PutLogEvents": lambda n: logs.put_log_events(
            logGroupName="g", logStreamName="s", logEvents=events(1 if n < 10**6 else 10_000)
        ),
        "PutMetricData": lambda n: cloudwatch.put_metric_data(
            Namespace="N", MetricData=[{"MetricName": "m", "Value": float(n)}]
        ),
        "CreateRole": lambda n: iam.create_role(RoleName=f"r{n}", AssumeRolePolicyDocument=_TRUST),
        "CreateModelPackageGroup": lambda n: sagemaker.create_model_package_group(
            ModelPackageGroupName=f"g{n}"
        ),
        "DescribeModelPackageGroup": lambda n: sagemaker.describe_model_package_group(
            ModelPackageGroupName="g0"
        ),
    }


def _fill(calls: dict[str, Call]) -> None:
    for number in range(OBJECTS):
        calls["PutObject 1 kB"](number)
    for number in range(EVENTS // 10_000):
        calls["PutLogEvents"](10**6 + number)
    calls["CreateModelPackageGroup"](0)


def _compare(calls: dict[str, dict[str, Call]]) -> None:
    print(
        f"{'ms a request, median':<28}{'memory':>9}{'state':>9}   (with {OBJECTS} objects, {EVENTS} events)"
    )
    for name in calls["memory"]:
        took: dict[str, list[float]] = {kind: [] for kind in calls}
        for turn in range(ROUNDS):
            for kind in calls:
                for number in range(REQUESTS):
                    begin = time.perf_counter()
                    calls[kind][name](OBJECTS + turn * REQUESTS + number)
                    took[kind].append(time.perf_counter() - begin)
        memory, state = (statistics.median(took[kind]) * 1000 for kind in ("memory", "state"))
        print(f"{name:<28}{memory:>9.2f}{state:>9.2f}", flush=True)


def _starts(home: Path, options: Options) -> None:
    took: dict[str, list[float]] = {"empty, in memory": [], "with that state": []}
    launcher.stop(home)
    for _ in range(STARTS):
        for name, chosen in (("empty, in memory", Options()), ("with that state", options)):
            begin = time.perf_counter()
            launcher.start(home, 0, chosen)
            took[name].append(time.perf_counter() - begin)
            launcher.stop(home)
    for name, seconds in took.items():
        print(f"start, {name}: {statistics.median(seconds):.2f} s")


if __name__ == "__main__":
    main()
