import json
from pathlib import Path

import pytest

from pipeline_code.jobs.entry import ArgumentsError
from pipeline_code.reviews.evaluation import EvaluationError
from tests.unit.pipeline_code.workspace import Workspace


def test_the_outputs_are_complete(evaluated: Path) -> None:
    assert {path.name for path in evaluated.iterdir()} == {
        "evaluation.json",
        "mistakes.jsonl",
        "model-card.json",
        "predictions.jsonl",
        "report.html",
        "report.json",
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
    assert "beats_tfidf" in [rule["name"] for rule in gate["rules"] if not rule["passed"]]
    assert "<h1>Refused" in (output / "report.html").read_text()


def test_evaluating_again_gives_equal_figures(trained: Workspace, evaluated: Path, tmp_path: Path) -> None:
    """All but what is measured with a clock and on a machine."""
    again = trained.evaluate(output=str(tmp_path / "again"))
    for name in ("predictions.jsonl", "mistakes.jsonl"):
        assert (again / name).read_bytes() == (evaluated / name).read_bytes()
    first, second = (json.loads((folder / "evaluation.json").read_text()) for folder in (evaluated, again))
    limits = set(first["constraints"]) | {"p95_ms"}
    for evaluation in (first, second):
        evaluation.pop("constraints")
        gate = evaluation["gate"]
        gate["rules"] = [rule for rule in gate["rules"] if rule["name"] not in limits]
    assert first == second


def test_what_the_model_costs_is_measured_and_priced(evaluated: Path, trained: Workspace) -> None:
    found = json.loads((evaluated / "evaluation.json").read_text())["constraints"]
    assert found["artifact_mb"] == (trained.packed / "model.tar.gz").stat().st_size / 1e6
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p95"]
    assert found["latency_ms"]["requests"] == 200
    assert 50 < found["memory_mb"] < 5000
    seconds = found["cost_per_1000"] * 3600 / 0.115 / 1000
    assert found["latency_ms"]["p50"] / 3000 < seconds < 3


def test_people_rules_and_what_they_gain_are_beside_the_model(evaluated: Path) -> None:
    evaluation = json.loads((evaluated / "evaluation.json").read_text())
    assert set(evaluation["baselines"]) == {"majority", "vader", "tfidf"}
    assert evaluation["human"]["levels"]["1"]["recall"].keys() == evaluation["classes"].keys()
    assert evaluation["labels"]["alpha"]["nominal"] > 0
    assert evaluation["live"] == {"package": None, "reason": "no model is live yet"}
    assert {row["tag"] for row in evaluation["error_analysis"]["table"]} >= {"short"}
    assert evaluation["must_pass"]["examples"] == 2


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
