"""What the model of an execution answered row by row, and the texts that it got wrong."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from botocore.exceptions import ClientError

from bertline.errors import BertlineError
from bertline.paths import REPORTS, private_home
from bertline.target import Target
from bertline.watch import Execution

PREDICTIONS, MISTAKES, EVALUATION = "predictions.jsonl", "mistakes.jsonl", "evaluation.json"
Json = dict[str, Any]


@dataclass(frozen=True)
class Answers:
    """Predictions of all test rows, mistakes with their texts (the most confident first), evaluation.json."""

    execution: str
    predictions: list[Json]
    mistakes: list[Json]
    evaluation: Json


def fetch(target: Target, execution: Execution) -> Answers:
    """Download an execution's answers to .bertline/reports/<execution>/; slices join the mistakes.

    Raises
    ------
    BertlineError
        Its Evaluate step has not succeeded, or left no answers.
    """
    name = execution.arn.rsplit("/", 1)[-1]
    step = execution.step("Evaluate")
    if step.state != "Succeeded" or step.job is None:
        raise BertlineError(f"execution {name} has no answers: Evaluate is {step.state}")
    job = target.client("sagemaker").describe_processing_job(ProcessingJobName=step.job.rsplit("/", 1)[1])
    outputs = {o["OutputName"]: o["S3Output"]["S3Uri"] for o in job["ProcessingOutputConfig"]["Outputs"]}
    folder = REPORTS / name
    private_home()
    folder.mkdir(parents=True, exist_ok=True)
    for file in (PREDICTIONS, MISTAKES, EVALUATION):
        _download(target, f"{outputs['evaluation'].rstrip('/')}/{file}", folder / file, name)
    predictions, mistakes = (_lines(folder / file) for file in (PREDICTIONS, MISTAKES))
    slices = {row["review_id"]: row["slices"] for row in predictions}
    mistakes = [{**row, "slices": slices.get(row["review_id"], [])} for row in mistakes]
    return Answers(name, predictions, mistakes, json.loads((folder / EVALUATION).read_text(encoding="utf-8")))


def _download(target: Target, uri: str, path: Path, name: str) -> None:
    place = urlparse(uri)
    try:
        target.client("s3").download_file(place.netloc, place.path.strip("/"), str(path))
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        raise BertlineError(
            f"execution {name} left no {path.name}: run the pipeline again to look at its errors"
        ) from None


def _lines(path: Path) -> list[Json]:
    # Not splitlines: a text may hold other line separators than the end of a line of JSON.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
