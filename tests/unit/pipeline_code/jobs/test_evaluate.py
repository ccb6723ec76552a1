import json
from pathlib import Path

import pytest

from pipeline_code.jobs.entry import ArgumentsError
from pipeline_code.reviews.evaluation import EvaluationError
from tests.unit.pipeline_code.workspace import Workspace


def test_the_outputs_are_complete(evaluated: Path) -> None:
    assert {path.name for path in evaluated.iterdir()} == {
        "evaluation.json",
        "predictions.jsonl",
        "report.html",
    }
    evaluation = json.loads((evaluated / "evaluation.json").read_text())
    assert {"metrics", "classes", "confusion_matrix", "baselines", "gate", "model"} <= set(evaluation)
    for figure in evaluation["metrics"].values():
        low, high = figure["interval"]
        assert 0 <= low <= figure["value"] <= high <= 1
    gate = evaluation["gate"]
    assert gate["passed"] is not bool(gate["reasons"])
    assert len(gate["summary"]) <= 800


def test_the_evaluation_names_the_dataset(trained: Workspace, evaluated: Path) -> None:
    evaluation = json.loads((evaluated / "evaluation.json").read_text())
    validation = json.loads((trained.root / "validation" / "validation.json").read_text())
    assert evaluation["data"]["dataset"] == validation["dataset"]
    assert evaluation["model"]["dataset_hash"] == validation["dataset"]["hash"]
    assert evaluation["parity"]["different_rows"] == 0


def test_figures_follow_from_the_predictions(evaluated: Path) -> None:
    evaluation = json.loads((evaluated / "evaluation.json").read_text())
    lines = [json.loads(line) for line in (evaluated / "predictions.jsonl").read_text().splitlines()]
    right = sum(line["label"] == line["predicted"] for line in lines) / len(lines)
    assert evaluation["metrics"]["accuracy"]["value"] == pytest.approx(right)
    labels = evaluation["confusion_matrix"]["labels"]
    for row, true in enumerate(labels):
        for column, predicted in enumerate(labels):
            count = sum((line["label"], line["predicted"]) == (true, predicted) for line in lines)
            assert evaluation["confusion_matrix"]["counts"][row][column] == count


def test_a_high_bar_refuses_and_the_report_says_so(trained: Workspace, tmp_path: Path) -> None:
    (tmp_path / "contract").mkdir()
    text = (trained.root / "contract" / "contract.toml").read_text()
    higher = text.replace("macro_f1_margin_over_tfidf = 0.03", "macro_f1_margin_over_tfidf = 1.0")
    (tmp_path / "contract" / "contract.toml").write_text(higher)
    output = trained.evaluate(output=str(tmp_path / "high"), contract=str(tmp_path / "contract"))
    gate = json.loads((output / "evaluation.json").read_text())["gate"]
    assert gate["passed"] is False
    assert [rule["name"] for rule in gate["rules"] if not rule["passed"]] == ["beats_tfidf"]
    assert "<h1>Refused" in (output / "report.html").read_text()


def test_evaluating_again_gives_equal_bytes(trained: Workspace, evaluated: Path, tmp_path: Path) -> None:
    again = trained.evaluate(output=str(tmp_path / "again"))
    for path in evaluated.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()


def test_baselines_of_other_rows_stop_the_job(trained: Workspace, tmp_path: Path) -> None:
    report = json.loads((trained.root / "baseline" / "baselines.json").read_text())
    original = dict(report)
    report["review_ids"] = report["review_ids"][::-1]
    path = trained.root / "baseline" / "baselines.json"
    try:
        path.write_text(json.dumps(report))
        with pytest.raises(EvaluationError, match="other rows"):
            trained.evaluate(output=str(tmp_path / "x"))
    finally:
        path.write_text(json.dumps(original))


def test_a_bound_outside_the_unit_interval_is_refused(trained: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ArgumentsError, match="min-accuracy must lie between 0 and 1, got 70"):
        trained.evaluate(output=str(tmp_path / "x"), min_accuracy="70")
