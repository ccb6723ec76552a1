"""`bertline labels`: what it fetches, prints and writes."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bertline import label_reports, labels_command, options
from bertline.data import corrections
from bertline.errors import BertlineError
from bertline.platform import Platform
from bertline.watch import Execution, Step
from tests.unit.bertline.conftest import client_error
from tests.unit.bertline.label_fixtures import figure, labels, unrated

JOB = "arn:aws:sagemaker:r:a:processing-job/baselines-1"
PIPELINE = "arn:aws:sagemaker:r:a:pipeline/bertline-dev/execution"
QUEUE = [
    {
        "review_id": f"{number}_1",
        "text": f"the [red]case, it\nis {number}",
        "label": "neutral",
        "likeliest_other": "positive",
        "action": "more ratings",
        "expected_gain": 0.5 / number,
    }
    for number in range(1, 31)
]
Fake = Callable[..., Any]


class Cloud:
    """Executions by their id: the content of labels.json, or None for one without."""

    def __init__(self) -> None:
        self.reports: dict[str, Any] = {"new": labels(), "old": labels(), "before-labels": None}
        self.state = "Succeeded"
        self.queue = QUEUE

    def look(self, target: Any, arn: str) -> Execution:
        assert arn.startswith(PIPELINE)
        self.looked = arn.rsplit("/", 1)[1]
        return Execution(arn, "Succeeded", [Step("Baselines", self.state, job=JOB)])

    def download(self, bucket: str, key: str, path: str) -> None:
        assert (bucket, key.rsplit("/", 1)[0]) == ("artifacts", "runs/1/baselines")
        report = self.reports[self.looked]
        if report is None:
            raise client_error("404", "Not Found")
        lines = "".join(json.dumps(row) + "\n" for row in self.queue)
        Path(path).write_text(json.dumps(report) if key.endswith("/labels.json") else lines)


@pytest.fixture
def cloud(fake: Fake, place: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cloud:
    made = Cloud()
    outputs = [{"OutputName": "baselines", "S3Output": {"S3Uri": "s3://artifacts/runs/1/baselines"}}]
    newest = {"PipelineExecutionSummaries": [{"PipelineExecutionArn": f"{PIPELINE}/new"}]}
    target = fake(
        sagemaker={
            "describe_processing_job": {"ProcessingOutputConfig": {"Outputs": outputs}},
            "list_pipeline_executions": newest,
        },
        s3={},
    )
    target.clients["s3"].download_file = made.download
    monkeypatch.setattr(label_reports, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(labels_command, "target_of", lambda env: target)
    monkeypatch.setattr(labels_command.platform, "find", lambda target, env: place)
    monkeypatch.setattr(labels_command.watch, "look", made.look)
    monkeypatch.setattr(options.console, "width", 160)
    return made


def call(*arguments: str) -> str:
    result = CliRunner().invoke(labels_command.app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(autouse=True)
def to_stdout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Consoles that were made at import write to the stream that the runner captures."""
    monkeypatch.setattr(options.console, "_file", None)


def test_show_prints_every_part(cloud: Cloud) -> None:
    out = call("show")
    for part in (
        "510 texts, 500 of them rated by several people",
        "0.820  (0.800 to 0.840)",
        "not defined",
        "0.850  (0.830 to 0.870)",
        "recall neutral",
        "-0.5, 0.5 (in use)",
        "18.9% of the texts are ambiguous",
        "1 of 30 raters agree less than chance explains",
        "w[1]",
        "60 of them on texts that are not ambiguous",
        "90 need more ratings, 60 a second look; about 12 labels",
    ):
        assert part in out
    assert "w2" not in out


def test_show_takes_an_execution_by_the_end_of_its_arn(cloud: Cloud) -> None:
    call("show", "--execution", "old")
    assert cloud.looked == "old"
    call("show", "--execution", f"{PIPELINE}/new")
    assert cloud.looked == "new"


def test_show_without_ratings_says_why_there_is_no_agreement(cloud: Cloud) -> None:
    cloud.reports["new"] = unrated()
    out = call("show")
    assert "no agreement to report: no text has ratings of more than one person" in out
    assert "to look at again" in out


def test_queue_shows_the_first_and_flattens_texts(cloud: Cloud) -> None:
    out = call("queue", "--top", "3")
    assert "the [red]case, it is 3" in out
    assert "4_1" not in out
    assert "3 of 30 rows" in out
    assert "20 of 30 rows" in call("queue")


def test_queue_writes_a_csv_with_whole_texts(cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    assert "30 rows are in" in call("queue", "--out", str(path))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert rows[0]["text"] == "the [red]case, it\nis 1"
    call("queue", "--out", str(path), "--top", "2")
    assert len(path.read_text().splitlines()) == 1 + 2 * 2


def test_a_queue_holds_no_formulas_and_its_file_takes_corrections_back(cloud: Cloud, tmp_path: Path) -> None:
    cloud.queue = [{**QUEUE[0], "review_id": "-1", "text": "=1+1"}]
    path = tmp_path / "queue.csv"
    call("queue", "--out", str(path))
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["review_id"], row["text"]) == ("'-1", "'=1+1")
    assert corrections.read(path, {"neutral": 1}) == {"-1": "neutral"}


def test_a_queue_on_the_screen_has_no_control_characters(cloud: Cloud) -> None:
    cloud.queue = [{**QUEUE[0], "text": "a \x1b[31mred one"}]
    assert "\x1b" not in call("queue")


def test_an_empty_queue_says_so(cloud: Cloud, tmp_path: Path) -> None:
    cloud.queue = []
    assert "no label needs a look" in call("queue", "--out", str(tmp_path / "queue.csv"))
    assert not (tmp_path / "queue.csv").exists()


def test_compare_prints_changes_and_words(cloud: Cloud) -> None:
    cloud.reports["new"]["agreement"]["alpha"]["nominal"] = figure(0.79)
    out = call("compare", "old", "new")
    assert "+0.100  (+0.072 to +0.128)" in out
    assert "People agree more than before" in out
    assert "The ceiling that a model is judged against moved by +0.000" in out


def test_an_execution_without_a_report_says_what_to_do(cloud: Cloud) -> None:
    with pytest.raises(BertlineError, match="before-labels left no labels.json: run the pipeline again"):
        call("show", "--execution", "before-labels")
    cloud.state = "Failed"
    with pytest.raises(BertlineError, match="new has no label report: Baselines is Failed"):
        call("show")
