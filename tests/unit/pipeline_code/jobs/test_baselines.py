import json

from pipeline_code.reviews.dataset import read_features
from tests.unit.pipeline_code.workspace import Workspace


def test_baselines_are_scored_on_every_row_of_test(prepared: Workspace) -> None:
    report = json.loads((prepared.root / "baseline" / "baselines.json").read_text())
    test = read_features(prepared.root / "test", "test")
    assert report["review_ids"] == test.review_ids
    assert report["test_hash"] == test.content_hash
    assert report["dataset_hash"] == test.dataset_hash
    assert set(report["models"]) == {"majority", "tfidf"}
    for model in report["models"].values():
        right = sum(a == b for a, b in zip(model["predictions"], test.label_ids.tolist(), strict=True))
        assert model["metrics"]["accuracy"] == right / len(test)
    assert (
        report["models"]["tfidf"]["metrics"]["accuracy"] > report["models"]["majority"]["metrics"]["accuracy"]
    )
