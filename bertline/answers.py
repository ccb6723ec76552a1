"""What the model of an execution answered row by row, and the texts that it got wrong."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertline import step_outputs
from bertline.paths import REPORTS
from bertline.step_outputs import StepOutput
from bertline.target import Target
from bertline.watch import Execution

PREDICTIONS, MISTAKES, EVALUATION = "predictions.jsonl", "mistakes.jsonl", "evaluation.json"
OUTPUT = StepOutput("Evaluate", "evaluation", content="answers", purpose="look at its errors")
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
    MissingOutput
        Its Evaluate step has not succeeded, or left no answers.
    """
    files = PREDICTIONS, MISTAKES, EVALUATION
    folder = step_outputs.download(target, execution, OUTPUT, files, REPORTS)
    predictions, mistakes = (_lines(folder / file) for file in (PREDICTIONS, MISTAKES))
    slices = {row["review_id"]: row["slices"] for row in predictions}
    mistakes = [{**row, "slices": slices.get(row["review_id"], [])} for row in mistakes]
    evaluation = json.loads((folder / EVALUATION).read_text(encoding="utf-8"))
    return Answers(step_outputs.name_of(execution), predictions, mistakes, evaluation)


def _lines(path: Path) -> list[Json]:
    # Not splitlines: a text may hold other line separators than the end of a line of JSON.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
