"""`bertline errors`: what it shows, keeps and writes."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bertline import answers, error_views, errors_command, options
from bertline.errors import BadParameter, BertlineError, NotTested
from bertline.platform import Platform
from bertline.watch import Execution, Step
from tests.unit.bertline import error_fixtures as fixtures
from tests.unit.bertline.error_fixtures import FOLDER, Buckets

PIPELINE = "arn:aws:sagemaker:r:a:pipeline/bertline-dev/execution"
JOB = "arn:aws:sagemaker:r:a:processing-job/evaluate-1"
GROUP = "arn:aws:sagemaker:r:a:model-package/bertline-dev"
Fake = Callable[..., Any]


class Cloud:
    """One execution, its answers in a bucket, and the registry."""

    def __init__(self) -> None:
        self.buckets = Buckets()
        self.state = "Succeeded"
        self.looked = ""
        self.metrics: dict[int, str | None] = {}
        self.buckets.put(f"{FOLDER}/predictions.jsonl", fixtures.lines(fixtures.predictions()))
        self.buckets.put(f"{FOLDER}/mistakes.jsonl", fixtures.lines(fixtures.mistakes()))
        self.buckets.put(f"{FOLDER}/evaluation.json", json.dumps(fixtures.evaluation()))

    def look(self, target: Any, arn: str) -> Execution:
        self.looked = arn
        return Execution(arn, "Succeeded", [Step("Evaluate", self.state, job=JOB)])

    def register(self, version: int, evaluation: dict[str, Any] | None, wrong: int | None = None) -> None:
        uri = f"s3://artifacts/runs/{version}/evaluation.json"
        self.metrics[version] = uri if evaluation else None
        if evaluation:
            self.buckets.put(uri, json.dumps(evaluation))
        if wrong is not None:
            rows = fixtures.lines(fixtures.predictions(wrong))
            self.buckets.put(f"s3://artifacts/runs/{version}/predictions.jsonl", rows)

    def packages(self, **_: Any) -> dict[str, Any]:
        return {
            "ModelPackageSummaryList": [
                {"ModelPackageArn": f"{GROUP}/{version}", "ModelPackageVersion": version}
                for version in self.metrics
            ]
        }

    def package(self, *, ModelPackageName: str) -> dict[str, Any]:
        uri = self.metrics[int(ModelPackageName.rsplit("/", 1)[1])]
        return {"ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": uri}}}} if uri else {}


@pytest.fixture
def cloud(fake: Fake, place: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cloud:
    made = Cloud()
    outputs = [{"OutputName": "evaluation", "S3Output": {"S3Uri": FOLDER}}]
    target = fake(
        sagemaker={
            "describe_processing_job": {"ProcessingOutputConfig": {"Outputs": outputs}},
            "list_pipeline_executions": {
                "PipelineExecutionSummaries": [{"PipelineExecutionArn": f"{PIPELINE}/new"}]
            },
            "list_model_packages": made.packages,
            "describe_model_package": made.package,
        },
    )
    target.clients["s3"] = made.buckets
    monkeypatch.setattr(answers, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(errors_command, "target_of", lambda env: target)
    monkeypatch.setattr(errors_command.platform, "find", lambda target, env: place)
    monkeypatch.setattr(errors_command.watch, "look", made.look)
    monkeypatch.setattr(options.console, "width", 200)
    return made


@pytest.fixture(autouse=True)
def to_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Consoles that were made at import write to the stream that the runner captures."""
    monkeypatch.setattr(options.console, "_file", None)


def call(*arguments: str) -> str:
    result = CliRunner().invoke(errors_command.app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def order(out: str) -> list[str]:
    return [name for name in ("r1", "r2", "r3", "r4") if f" {name} " in out]


def test_list_shows_the_most_confident_first_as_plain_text(cloud: Cloud) -> None:
    out = call("list", "--top", "3")
    assert order(out) == ["r1", "r2", "r3"]
    assert out.index(" r1 ") < out.index(" r2 ") < out.index(" r3 ")
    assert "not [red]bad [31m at all" in out
    assert "\x1b" not in out
    assert "3 of 4 errors of execution new" in out


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--tag", "negation"], ["r1"]),
        (["--slice", "returns"], ["r2"]),
        (["--class", "neutral"], ["r3", "r4"]),
        (["--class", "neutral", "--tag", "short"], ["r4"]),
        (["--class", "negative", "--tag", "short"], []),
    ],
)
def test_list_narrows_down(cloud: Cloud, options: list[str], ids: list[str]) -> None:
    assert order(call("list", *options)) == ids


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--class", "sad"], "no class 'sad' .*negative, neutral, positive"),
        (["--slice", "x"], "no slice 'x' .*returns"),
        (["--tag", "x"], "no tag 'x' .*conditional, mixed, negation, short"),
    ],
)
def test_a_wrong_filter_says_what_there_is(cloud: Cloud, options: list[str], message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        call("list", *options)


def test_another_execution_is_named_by_the_end_of_its_arn(cloud: Cloud) -> None:
    call("table", "--execution", "old")
    assert cloud.looked == f"{PIPELINE}/old"


def test_human_tags_are_found_again_and_taken_away(cloud: Cloud) -> None:
    assert "r2: sarcasm, two-products" in call("tag", "r2", "sarcasm", "two-products")
    assert order(call("list", "--tag", "sarcasm")) == ["r2"]
    assert "sarcasm, two-products, mixed" in call("list")
    assert "r2: two-products" in call("untag", "r2", "sarcasm")
    assert "r2: no tags" in call("untag", "r2")


def test_only_a_tested_review_can_be_tagged(cloud: Cloud) -> None:
    with pytest.raises(NotTested, match="new did not test review 'r99'"):
        call("tag", "r99", "sarcasm")


def test_the_table_ranks_tags_and_says_what_fixing_human_ones_gains(cloud: Cloud) -> None:
    assert "none of 4 errors has a human tag" in call("table")
    call("tag", "r1", "sarcasm")
    call("tag", "r2", "sarcasm")
    call("tag", "r9", "sarcasm")  # the model is right there: not an error
    out = call("table")
    assert "11.5  (0.0 to 23.0)" in out
    assert "not known" in out
    (people,) = (line for line in out.splitlines() if "sarcasm" in line)
    assert [cell.strip() for cell in people.split("│")[1:-1]] == ["sarcasm", "2", "50%", "20.0"]
    assert "2 of 4 errors have a human tag" in out


def test_export_writes_whole_texts_as_csv_or_json_lines(cloud: Cloud, tmp_path: Path) -> None:
    call("tag", "r2", "sarcasm", "irony")
    path = tmp_path / "errors.csv"
    assert "errors.csv: 4" in call("export", str(path))
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == list(fixtures.TEXTS.values())
    assert (rows[1]["human_tags"], rows[1]["tags"], rows[1]["slices"]) == (
        "irony; sarcasm",
        "mixed",
        "returns",
    )
    other = tmp_path / "errors.jsonl"
    assert "errors.jsonl: 1" in call("export", str(other), "--tag", "short")
    assert json.loads(other.read_text())["text"] == fixtures.TEXTS["r4"]
    with pytest.raises(BadParameter, match=r"neither in .csv nor in .jsonl"):
        call("export", str(tmp_path / "errors.xls"))


def test_export_to_a_folder_that_is_not_there_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    for name in ("errors.csv", "errors.jsonl"):
        with pytest.raises(BadParameter, match=f"{name} cannot be written: No such file"):
            call("export", str(tmp_path / "none" / name))


def test_an_exported_text_is_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "errors.csv"
    named = ["review_id", "label", "predicted", "confidence", "human", "slices", "tags", "human_tags"]
    error_views.write(path, [{**dict.fromkeys(named, "x"), "text": "=1+1"}])
    with path.open(newline="", encoding="utf-8") as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["'=1+1"]


def cells(out: str, tag: str) -> list[str]:
    (line,) = (line for line in out.splitlines() if line.startswith(f"│ {tag} "))
    return [cell.strip() for cell in line.split("│")[2:-1]]


def test_history_follows_tags_of_both_kinds_over_the_versions(cloud: Cloud) -> None:
    cloud.register(1, fixtures.evaluation(negations_wrong=3), wrong=6)
    cloud.register(2, None)
    cloud.register(3, fixtures.evaluation(accuracy=0.8), wrong=2)
    call("tag", "r2", "sarcasm")
    call("tag", "r5", "sarcasm")
    out = call("history")
    assert "version 2" not in out
    assert out.index("version 1") < out.index("version 3")
    assert cells(out, "all") == ["0.400", "0.200"]
    assert cells(out, "negation") == ["0.750 (3 of 4)", "0.250 (1 of 4)"]
    assert cells(out, "sarcasm") == ["2 of 2 wrong", "1 of 2 wrong"]
    assert "not comparable" not in out
    assert "version 1" not in call("history", "--versions", "1")


def test_history_says_when_the_test_rows_changed_and_does_without_predictions(cloud: Cloud) -> None:
    cloud.register(1, fixtures.evaluation("t0"))
    cloud.register(2, fixtures.evaluation("t1"), wrong=4)
    call("tag", "r1", "sarcasm")
    out = call("history")
    assert "versions 1 and 2 were tested on different test splits: their rates are not comparable" in out
    assert cells(out, "sarcasm") == ["-", "1 of 1 wrong"]


def test_history_of_one_tag_leaves_the_others_out(cloud: Cloud) -> None:
    cloud.register(1, fixtures.evaluation(), wrong=4)
    call("tag", "r1", "sarcasm")
    call("tag", "r2", "irony")
    out = call("history", "--tag", "sarcasm")
    assert cells(out, "sarcasm") == ["1 of 1 wrong"]
    assert cells(out, "all") == ["0.400"]
    assert "negation" not in out
    assert "irony" not in out
    assert "sarcasm" not in call("history", "--tag", "negation")
    with pytest.raises(BadParameter, match=r"no tag 'x' .*irony, negation, sarcasm, short"):
        call("history", "--tag", "x")


def test_without_answers_the_command_says_what_to_do(cloud: Cloud) -> None:
    del cloud.buckets.objects["artifacts", "runs/1/evaluation/mistakes.jsonl"]
    with pytest.raises(BertlineError, match=r"new left no mistakes.jsonl: run the pipeline again"):
        call("list")
    cloud.state = "Failed"
    with pytest.raises(BertlineError, match="new has no answers: Evaluate is Failed"):
        call("list")
    with pytest.raises(BertlineError, match="no version of bertline-dev has an evaluation"):
        call("history")
