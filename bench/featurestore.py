"""Feature Store ingestion: ours beside the SDK's default, against a stub and against the local store."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from bench.featurestore_client import GROUP
from infra.data.features import EVENT_TIME, FEATURES, RECORD_IDENTIFIER
from local_cloud import launcher

ROUNDS = 5
COUNTS = {"ours": 20_000, "sdk": 400}  # records a round: a few seconds each
NAMES = {"ours": "ours, compare then write", "sdk": "SDK ingest_dataframe"}
_NO_TELEMETRY = "{SchemaVersion: '1.0', SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}}"
Rates = dict[str, list[dict[str, float]]]


def main() -> None:
    """Print medians of interleaved rounds: records a second of wall clock, and of the client's CPU time."""
    with _stub() as url:
        _compare("stub", url)
    with _local_store() as url:
        _compare("local store", url)


def _compare(store: str, url: str) -> None:
    rates: Rates = {kind: [] for kind in COUNTS}
    for number in range(ROUNDS):
        for kind, count in COUNTS.items():
            rates[kind].append(_run(kind, count, f"{kind}-{number}", url))
    medians = {
        kind: {unit: statistics.median(one[unit] for one in found) for unit in ("wall", "cpu")}
        for kind, found in rates.items()
    }
    for kind, rate in medians.items():
        ratio = {unit: rate[unit] / medians["sdk"][unit] for unit in rate}
        print(
            f"{store:12} {NAMES[kind]:26} {rate['wall']:8,.0f} records/s ({ratio['wall']:5.1f}x)"
            f" {rate['cpu']:8,.0f} records/CPU-s of the client ({ratio['cpu']:5.1f}x)",
            flush=True,
        )


def _run(kind: str, count: int, prefix: str, url: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(_NO_TELEMETRY)
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "123456789012",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(config),
        }
        command = [sys.executable, "-m", "bench.featurestore_client", kind, str(count), prefix]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    rate: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return rate


@contextmanager
def _stub() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.featurestore_stub"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def _local_store() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "cloud"
        cloud = launcher.start(home, launcher.free_port(0))
        try:
            _create_group(cloud)
            yield cloud.endpoint_url
        finally:
            launcher.stop(home)


def _create_group(cloud: launcher.Cloud) -> None:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=cloud.endpoint_url,
            region_name=cloud.region,
            aws_access_key_id=cloud.account,
            aws_secret_access_key="local",  # noqa: S106 - any secret passes on loopback
        )

    client("s3").create_bucket(Bucket="lake")
    client("sagemaker").create_feature_group(
        FeatureGroupName=GROUP,
        RecordIdentifierFeatureName=RECORD_IDENTIFIER,
        EventTimeFeatureName=EVENT_TIME,
        FeatureDefinitions=[{"FeatureName": name, "FeatureType": kind} for name, kind in FEATURES.items()],
        OnlineStoreConfig={"EnableOnlineStore": True},
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://lake/features"}},
        RoleArn="arn:aws:iam::123456789012:role/features",
    )
