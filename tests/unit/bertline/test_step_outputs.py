"""Files of a step's output: where they land, and what is said when they are not there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bertline import step_outputs
from bertline.errors import MissingOutput
from bertline.step_outputs import StepOutput
from bertline.watch import Execution, Step
from tests.unit.bertline.conftest import client_error
from tests.unit.bertline.error_fixtures import Buckets

JOB = "arn:aws:sagemaker:r:a:processing-job/evaluate-1"
WANTED = StepOutput("Evaluate", "evaluation", content="answers", purpose="look at its errors")
DONE = Execution("arn:x/abc", "Succeeded", [Step("Evaluate", "Succeeded", job=JOB)])
Fake = Callable[..., Any]


@pytest.fixture
def target(fake: Fake) -> Any:
    outputs = [{"OutputName": "evaluation", "S3Output": {"S3Uri": "s3://artifacts/runs/1/evaluation/"}}]
    made = fake(sagemaker={"describe_processing_job": {"ProcessingOutputConfig": {"Outputs": outputs}}})
    made.clients["s3"] = Buckets()
    made.clients["s3"].put("s3://artifacts/runs/1/evaluation/a.json", "[1]")
    made.clients["s3"].put("s3://artifacts/runs/1/evaluation/b.json", "[2]")
    return made


def test_the_named_files_and_no_others_come_to_the_execution_s_folder(target: Any, tmp_path: Path) -> None:
    folder = step_outputs.download(target, DONE, WANTED, ["a.json"], tmp_path)
    assert folder == tmp_path / "abc"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a.json": "[1]"}
    assert target.clients["sagemaker"].calls == [
        ("describe_processing_job", {"ProcessingJobName": "evaluate-1"})
    ]


@pytest.mark.parametrize("state", ["Waiting", "Executing", "Failed"])
def test_a_step_that_has_not_succeeded_is_named_with_its_state(
    target: Any, tmp_path: Path, state: str
) -> None:
    unfinished = Execution("arn:x/abc", "Executing", [Step("Evaluate", state, job=JOB)])
    with pytest.raises(MissingOutput, match=f"execution abc has no answers: Evaluate is {state}"):
        step_outputs.download(target, unfinished, WANTED, ["a.json"], tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_or_output_that_is_not_there_says_what_to_do(target: Any, tmp_path: Path) -> None:
    with pytest.raises(
        MissingOutput, match="abc left no c.json: run the pipeline again to look at its errors"
    ):
        step_outputs.download(target, DONE, WANTED, ["c.json"], tmp_path)
    other = StepOutput("Evaluate", "figures", content="figures", purpose="see them")
    with pytest.raises(MissingOutput, match="Evaluate of execution abc has no output figures: run the"):
        step_outputs.download(target, DONE, other, ["a.json"], tmp_path)


def test_a_refused_download_is_not_taken_for_a_missing_file(target: Any, tmp_path: Path) -> None:
    def refuse(*_: str) -> None:
        raise client_error("403", "Forbidden")

    target.clients["s3"].download_file = refuse
    with pytest.raises(ClientError, match="Forbidden"):
        step_outputs.download(target, DONE, WANTED, ["a.json"], tmp_path)
