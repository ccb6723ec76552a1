"""Training data as of a time stays the same, byte by byte, after later corrections; as of now it has them."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline_code.reviews.feature_store.records import corrected
from tests.integration.conftest import ACCOUNT, REGION, Cloud
from tests.integration.reviews import create_group, flush
from tests.unit.pipeline_code.workspace import Workspace

pytestmark = pytest.mark.integration
NAME = "as-of-reviews"
SPLITS = ("train", "checked", "test")


@pytest.fixture
def world(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name, value in {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    made = Workspace(tmp_path).fill()
    made.validate()
    create_group(cloud, NAME)
    made.prepare(feature_group_name=NAME)
    return made


def now() -> str:
    """The time; what is written from here on is written later."""
    told = datetime.now(UTC).isoformat(timespec="milliseconds")
    time.sleep(0.002)
    return told


def features(world: Workspace, as_of: str) -> dict[str, bytes]:
    """Run Prepare as of a time and return its files."""
    for folder in SPLITS:
        shutil.rmtree(world.root / folder)
    world.prepare(feature_group_name=NAME, features_as_of=as_of)
    paths = [path for folder in SPLITS for path in (world.root / folder).iterdir()]
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in paths}


def labels(files: dict[str, bytes]) -> dict[str, int]:
    tables = [pq.ParquetFile(pa.BufferReader(content)).read() for content in files.values()]
    return {row["review_id"]: row["label_id"] for table in tables for row in table.to_pylist()}


def test_corrections_change_what_comes_after_them_alone(cloud: Cloud, world: Workspace) -> None:
    flush(cloud)
    before = now()
    first = features(world, before)
    wrong = sorted(labels(first))[:20]
    runtime = cloud.client("sagemaker-featurestore-runtime")
    for review_id in wrong:
        held = runtime.get_record(FeatureGroupName=NAME, RecordIdentifierValueAsString=review_id)["Record"]
        right = corrected(held, "neutral", 1, time.time())
        runtime.put_record(FeatureGroupName=NAME, Record=right)
    runtime.delete_record(
        FeatureGroupName=NAME,
        RecordIdentifierValueAsString=sorted(labels(first))[-1],
        EventTime=str(time.time()),
    )

    after = labels(features(world, now()))
    again = features(world, before)

    assert again == first
    assert len(after) == len(labels(first)) - 1
    assert {after[review_id] for review_id in wrong} == {1}
    unchanged = set(after) - set(wrong)
    assert all(after[review_id] == labels(first)[review_id] for review_id in unchanged)
    assert {labels(first)[review_id] for review_id in wrong} != {1}
