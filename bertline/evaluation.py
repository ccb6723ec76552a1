"""What an execution's evaluation said: the gate's verdict, the numbers and the report."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from bertline import step_outputs
from bertline.paths import REPORTS
from bertline.step_outputs import StepOutput
from bertline.target import Target
from bertline.watch import Execution

OUTPUT = StepOutput("Evaluate", "evaluation", content="evaluation", purpose="judge its model")
FILES = ("evaluation.json", "report.html", "report.json")


@dataclass(frozen=True)
class Evaluation:
    """evaluation.json of an execution, and where its files were put."""

    content: dict[str, Any]
    folder: Path

    @property
    def passed(self) -> bool:
        """Whether the gate let the model through."""
        return bool(self.content["gate"]["passed"])

    @property
    def report(self) -> Path:
        """The HTML report; report.json beside it has the same as data."""
        return self.folder / "report.html"


def fetch(target: Target, execution: Execution) -> Evaluation:
    """Download the evaluation of an execution to .bertline/reports/<execution>/.

    Raises
    ------
    MissingOutput
        The execution has not come as far as its evaluation.
    """
    folder = step_outputs.download(target, execution, OUTPUT, FILES, REPORTS)
    return Evaluation(json.loads((folder / "evaluation.json").read_text()), folder)


def show(evaluation: Evaluation, console: Console) -> None:
    """Print the verdict, its reasons and the numbers beside people and the baselines."""
    content = evaluation.content
    gate = content["gate"]
    verdict = "[bold green]passed[/]" if gate["passed"] else "[bold red]refused[/]"
    console.print(f"The gate: {verdict}. {escape(gate['summary'])}", highlight=False)
    for name, metric in content["metrics"].items():
        low, high = metric["interval"]
        console.print(
            f"  {name:<10} {metric['value']:.3f}  (95 % interval {low:.3f} to {high:.3f})",
            highlight=False,
        )
    for name, baseline in content["baselines"].items():
        _beside(console, name, baseline["metrics"])
    person = (content["human"] or {}).get("levels", {}).get("1")
    if person:
        _beside(console, "one person", person)
    live = content["baselines"].get("live")
    if live:
        console.print(f"  {escape(live['difference']['macro_f1']['words'])}", highlight=False)


def _beside(console: Console, name: str, metrics: dict[str, Any]) -> None:
    accuracy, macro_f1 = (metrics[key]["value"] for key in ("accuracy", "macro_f1"))
    console.print(f"  beside it  {name}: accuracy {accuracy:.3f}, macro-F1 {macro_f1:.3f}", highlight=False)
