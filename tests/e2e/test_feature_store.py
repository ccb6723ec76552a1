"""The Feature Store in use: corrections, training as of a time, SQL over the offline store."""

import json
from pathlib import Path
from typing import Any

import pytest

from bertline import contracts
from bertline.data import athena, consistency, corrections, times
from bertline.data.records import OnlineStore
from bertline.watch import Execution

from .conftest import Deployed

pytestmark = pytest.mark.e2e

# Nothing is registered: only the features matter here.
QUICK = {"Epochs": "1", "TrainStepsPerEpoch": "2", "MinAccuracyValue": "1"}
SPLITS = ("train", "validation", "test")
CORRECTED = ("5_1", "5_2", "6_1")


def features(deployed: Deployed, execution: Execution) -> dict[str, dict[str, bytes]]:
    """The feature files of each split, byte for byte."""
    assert execution.step("Evaluate").state == "Succeeded", [(s.name, s.reason) for s in execution.steps]
    return {split: deployed.outputs(execution, "Prepare", split) for split in SPLITS}


def report(deployed: Deployed, execution: Execution) -> dict[str, Any]:
    found = deployed.output(execution, "Prepare", "report", "prepare-algo-1.json")
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def ingested(deployed: Deployed) -> Execution:
    return deployed.run(**QUICK)


@pytest.fixture(scope="module")
def before(deployed: Deployed, ingested: Execution) -> str:
    """A time at which the store held what `ingested` wrote."""
    return times.as_of("now")


@pytest.fixture(scope="module")
def after(deployed: Deployed, before: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A later time: by then some labels had been corrected."""
    store = online(deployed)
    classes = contracts.in_use(deployed.target, deployed.place).classes
    held = {record["review_id"]: record["label"] for record in store.read(CORRECTED)}
    other = {"positive": "negative", "negative": "neutral", "neutral": "positive"}
    path: Path = tmp_path_factory.mktemp("corrections") / "labels.csv"
    path.write_text("review_id,label\n" + "".join(f"{name},{other[label]}\n" for name, label in held.items()))
    assert corrections.correct(store, corrections.read(path, classes), classes).written == len(CORRECTED)
    return times.as_of("now")


def online(deployed: Deployed) -> OnlineStore:
    return OnlineStore(deployed.target.client("sagemaker-featurestore-runtime"), deployed.place.feature_group)


def test_features_as_of_a_time_do_not_change_with_later_corrections(
    deployed: Deployed, before: str, after: str
) -> None:
    one = deployed.run(**QUICK, FeaturesAsOf=before)
    again = deployed.run(**QUICK, FeaturesAsOf=before, FeatureStoreOfflinePrefix="features-again")
    assert not again.step("Prepare").cached
    assert features(deployed, one) == features(deployed, again)
    assert report(deployed, one)["dataset"] == report(deployed, again)["dataset"]


def test_features_as_of_a_later_time_have_the_corrections(
    deployed: Deployed, ingested: Execution, before: str, after: str
) -> None:
    now = deployed.run(**QUICK, FeaturesAsOf=after)
    features(deployed, now)
    old, new = report(deployed, ingested)["dataset"], report(deployed, now)["dataset"]
    assert new["rows"] == old["rows"]
    assert new["hash"] != old["hash"]
    assert new["classes"] != old["classes"]
    assert new["features"] == after


def test_a_run_over_the_same_reviews_writes_nothing_twice(deployed: Deployed, ingested: Execution) -> None:
    again = deployed.run(**QUICK, FeatureStoreOfflinePrefix="features-twice")
    stored = report(deployed, again)["feature_store"]
    rows = sum(split["rows"] for split in report(deployed, again)["splits"].values())
    assert stored["records"] == 0
    assert stored["unchanged"] + stored["superseded"] == rows


def test_athena_reads_the_offline_store(deployed: Deployed, ingested: Execution, after: str) -> None:
    found = athena.select(
        deployed.target,
        deployed.place,
        "SELECT review_id, count(*) AS events FROM {features} GROUP BY review_id ORDER BY 2 DESC, 1",
    )
    rows = [(row[0], int(row[1] or 0)) for row in found.rows]
    assert rows[: len(CORRECTED)] == [(name, 2) for name in CORRECTED]
    assert len(rows) == report(deployed, ingested)["dataset"]["rows"]
    assert all(events == 1 for _, events in rows[len(CORRECTED) :])


def test_online_and_offline_agree(deployed: Deployed, after: str) -> None:
    group = deployed.target.client("sagemaker").describe_feature_group(
        FeatureGroupName=deployed.place.feature_group
    )
    types = {one["FeatureName"]: one["FeatureType"] for one in group["FeatureDefinitions"]}
    found = athena.select(deployed.target, deployed.place, consistency.query(types, 100, []))
    checked = consistency.compare(consistency.latest(found), online(deployed), types, [])
    assert checked.reviews == 100
    assert checked.differences == [], json.dumps([repr(one) for one in checked.differences[:5]])
