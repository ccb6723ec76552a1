"""The verdict of an execution, as the command line shows it."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bertline import evaluation
from bertline.errors import BertlineError
from bertline.watch import Execution, Step

CONTENT = {
    "metrics": {
        "accuracy": {"value": 0.77, "interval": [0.72, 0.81]},
        "macro_f1": {"value": 0.74, "interval": [0.7, 0.78]},
    },
    "baselines": {
        "tfidf": {"metrics": {"accuracy": {"value": 0.65}, "macro_f1": {"value": 0.58}}},
        "live": {
            "metrics": {"accuracy": {"value": 0.7}, "macro_f1": {"value": 0.6}},
            "difference": {"macro_f1": {"words": "Better than the live model by 14 points."}},
        },
    },
    "human": {"levels": {"1": {"accuracy": {"value": 0.85}, "macro_f1": {"value": 0.82}}}},
    "gate": {"passed": False, "reasons": ["accuracy"], "summary": "Accuracy 0.770 is below 0.990 [see b/c]."},
}
JOB = "arn:aws:sagemaker:r:a:processing-job/evaluate-1"
Fake = Callable[..., Any]


@pytest.fixture
def target(fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr(evaluation, "REPORTS", tmp_path)
    outputs = [{"OutputName": "evaluation", "S3Output": {"S3Uri": "s3://artifacts/runs/1/evaluation"}}]
    made = fake(
        sagemaker={"describe_processing_job": {"ProcessingOutputConfig": {"Outputs": outputs}}},
        s3={"download_file": None},
    )

    def download(bucket: str, key: str, path: str) -> None:
        assert (bucket, key.rsplit("/", 1)[0]) == ("artifacts", "runs/1/evaluation")
        Path(path).write_text(json.dumps(CONTENT) if key.endswith("json") else "<html>")

    made.clients["s3"].download_file = download
    return made


def test_the_files_come_to_a_folder_of_the_execution(target: Any, tmp_path: Path) -> None:
    found = evaluation.fetch(
        target, Execution("arn:x/abc", "Failed", [Step("Evaluate", "Succeeded", job=JOB)])
    )
    assert not found.passed
    assert found.report == tmp_path / "abc" / "report.html"
    assert found.report.read_text() == "<html>"


def test_verdict_numbers_and_baselines_are_shown(tmp_path: Path) -> None:
    out = io.StringIO()
    evaluation.show(evaluation.Evaluation(CONTENT, tmp_path), Console(file=out, width=120))
    for part in (
        "refused",
        "Accuracy 0.770 is below 0.990 [see b/c].",
        "0.720 to 0.810",
        "tfidf: accuracy 0.650, macro-F1 0.580",
        "one person: accuracy 0.850, macro-F1 0.820",
        "Better than the live model by 14 points.",
    ):
        assert part in out.getvalue()


def test_an_execution_that_did_not_get_there_says_so(fake: Fake) -> None:
    with pytest.raises(BertlineError, match="abc has no evaluation: Evaluate is Waiting"):
        evaluation.fetch(fake(), Execution("arn:x/abc", "Failed"))


def test_without_people_or_a_live_model_the_rest_is_shown(tmp_path: Path) -> None:
    out = io.StringIO()
    alone = {**CONTENT, "human": {"reason": "nobody rated"}, "baselines": {}}
    evaluation.show(evaluation.Evaluation(alone, tmp_path), Console(file=out, width=120))
    assert "beside it" not in out.getvalue()
