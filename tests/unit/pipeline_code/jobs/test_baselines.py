import json
import shutil
from pathlib import Path

from pipeline_code.reviews.dataset import read_features
from tests.unit.pipeline_code.workspace import Workspace


def test_baselines_are_scored_on_every_row_of_test(prepared: Workspace) -> None:
    report = json.loads((prepared.root / "baseline" / "baselines.json").read_text())
    test = read_features(prepared.root / "test", "test")
    assert report["review_ids"] == test.review_ids
    assert report["test_hash"] == test.content_hash
    assert report["dataset_hash"] == test.dataset_hash
    assert set(report["models"]) == {"majority", "tfidf", "vader"}
    for model in report["models"].values():
        right = sum(a == b for a, b in zip(model["predictions"], test.label_ids.tolist(), strict=True))
        assert model["metrics"]["accuracy"] == right / len(test)
    assert (
        report["models"]["tfidf"]["metrics"]["accuracy"] > report["models"]["majority"]["metrics"]["accuracy"]
    )


def test_people_are_scored_on_the_same_rows(prepared: Workspace) -> None:
    report = json.loads((prepared.root / "baseline" / "baselines.json").read_text())
    human = report["human"]
    assert human["report"]["rows"] == report["test_rows"] == len(human["one_rater"])
    assert 0.5 < human["report"]["levels"]["1"]["accuracy"]["value"] <= 1
    assert all(0 <= value <= 1 for value in human["one_rater"])


def test_labels_are_reported_on_all_splits_and_queued_with_their_texts(prepared: Workspace) -> None:
    labels = json.loads((prepared.root / "baseline" / "labels.json").read_text())
    report = json.loads((prepared.root / "baseline" / "baselines.json").read_text())
    assert labels["rows"] > report["train_rows"] + report["test_rows"]
    assert 0 < report["labels"]["alpha"]["interval"] <= 1
    lines = (prepared.root / "baseline" / "relabel-queue.jsonl").read_text().splitlines()
    assert all(json.loads(line)["text"] for line in lines)


def test_a_live_model_stands_beside_the_others(trained: Workspace, tmp_path: Path) -> None:
    shutil.copytree(trained.root, tmp_path / "copy")
    workspace = Workspace(tmp_path / "copy")
    workspace.baselines(live="packed", package="arn:aws:sagemaker:us-east-1:1:model-package/bertline-dev/3")
    report = json.loads((workspace.root / "baseline" / "baselines.json").read_text())
    assert report["models"]["live"]["kind"] == "live"
    assert report["live"]["version"] == "3"
    assert len(report["models"]["live"]["predictions"]) == report["test_rows"]
