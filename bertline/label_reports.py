"""What an execution's Baselines step found about the labels: agreement, human level, the relabel queue."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bertline import step_outputs
from bertline.paths import REPORTS
from bertline.step_outputs import StepOutput
from bertline.target import Target
from bertline.watch import Execution

REPORT, QUEUE = "labels.json", "relabel-queue.jsonl"
OUTPUT = StepOutput("Baselines", "baselines", content="label report", purpose="judge its labels")
ALPHAS = {
    "nominal": "alpha, classes",
    "ordinal": "alpha, ordered classes",
    "interval": "alpha, ratings",
    "ordinal_ratings": "alpha, ordered ratings",
}


@dataclass(frozen=True)
class LabelReport:
    """labels.json of an execution, and where its files were put."""

    execution: str
    content: dict[str, Any]
    folder: Path

    def queue(self) -> list[dict[str, Any]]:
        """The rows to look at again, the largest expected gain first."""
        lines = (self.folder / QUEUE).read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line]


def fetch(target: Target, execution: Execution) -> LabelReport:
    """Download the label report of an execution to .bertline/reports/<execution>/.

    Raises
    ------
    MissingOutput
        Its Baselines step has not succeeded, or wrote no label report.
    """
    folder = step_outputs.download(target, execution, OUTPUT, (REPORT, QUEUE), REPORTS)
    content = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    return LabelReport(step_outputs.name_of(execution), content, folder)


def show(report: LabelReport, console: Console) -> None:
    """Print agreement, human level, the definition sweep, ambiguity, raters and the queue's size."""
    content = report.content
    _say(console, f"{content['rows']} texts, {content['rated_rows']} of them rated by several people")
    if content["agreement"] is None:
        _say(console, f"no agreement to report: {content['human']['reason']}")
    else:
        console.print(_agreement(content["agreement"]))
        console.print(_levels(content["human"]))
        console.print(_definitions(content["definition"]))
        console.print(_bands(content["ambiguity"]))
        _ambiguous(content["ambiguity"], console)
    _raters(content["raters"], console)
    _found(content, console)


def shown(figure: dict[str, Any]) -> str:
    """A figure as text: value and interval."""
    if figure["value"] is None:
        return "not defined"
    low, high = figure["interval"]
    return f"{figure['value']:.3f}  ({low:.3f} to {high:.3f})"


def _agreement(agreement: dict[str, Any]) -> Table:
    table = Table("agreement", "value and 95 % interval", title="How far people agree", title_justify="left")
    for name, figure in agreement["alpha"].items():
        table.add_row(ALPHAS.get(name, name), shown(figure))
    table.add_row("two raters name the same class", f"{agreement['pairwise']:.3f}")
    table.add_row("the majority's class is the mean's", f"{agreement['majority_is_mean']:.3f}")
    return table


def _levels(human: dict[str, Any]) -> Table:
    title = f"Human level: k raters against {human['reference']}"
    names = list(human["levels"]["1"]["recall"])
    table = Table("k", "texts", "accuracy", "macro-F1", *(f"recall {escape(name)}" for name in names))
    table.title, table.title_justify = title, "left"
    for size, level in human["levels"].items():
        recalls = (f"{level['recall'][name]:.3f}" for name in names)
        table.add_row(size, str(level["rows"]), shown(level["accuracy"]), shown(level["macro_f1"]), *recalls)
    return table


def _definitions(sweep: list[dict[str, Any]]) -> Table:
    names = list(sweep[0]["shares"])
    sizes = list(sweep[0]["levels"])
    columns = [*(f"share {escape(name)}" for name in names), *(f"accuracy k = {size}" for size in sizes)]
    table = Table("cuts", *columns, title="If the cuts were others", title_justify="left")
    for one in sweep:
        cuts = ", ".join(f"{cut:g}" for cut in one["cuts"]) + (" (in use)" if one["in_use"] else "")
        shares = [f"{share:.3f}" for share in one["shares"].values()]
        table.add_row(cuts, *shares, *(f"{level['accuracy']:.3f}" for level in one["levels"].values()))
    return table


def _bands(ambiguity: dict[str, Any]) -> Table:
    table = Table("raters", "texts", "share", "one rater", "simple model", title_justify="left")
    table.title = "Accuracy by how far raters agree on a text"
    for band in ambiguity["bands"]:
        model = "" if band["model"] is None else f"{band['model']:.3f}"
        table.add_row(band["band"], str(band["rows"]), f"{band['share']:.3f}", f"{band['human']:.3f}", model)
    return table


def _ambiguous(ambiguity: dict[str, Any], console: Console) -> None:
    _say(
        console,
        f"{ambiguity['ambiguous_share']:.1%} of the texts are ambiguous: their mean rating is within 1.96 "
        f"standard errors of a cut. On {ambiguity['unanimous_share']:.1%} all raters name one class.",
    )


def _raters(raters: dict[str, Any] | None, console: Console) -> None:
    if raters is None:
        return
    table = Table("rater", "ratings", "agrees with the others", "reliability", "bias", title_justify="left")
    table.title = f"{raters['suspect']} of {raters['raters']} raters agree less than chance explains"
    for one in (weak for weak in raters["weakest"] if weak["suspect"]):
        figures = (f"{one['agreement']:.3f}", f"{one['accuracy']:.3f}", f"{one['bias']:+.2f}")
        table.add_row(escape(one["rater"]), str(one["ratings"]), *figures)
    console.print(table)


def _found(content: dict[str, Any], console: Console) -> None:
    issues, relabel = content["issues"], content["relabel"]
    if issues is not None:
        _say(
            console,
            f"{issues['flagged']} labels are contradicted by a simple model, {issues['probable_errors']} of "
            "them on texts that are not ambiguous: probable errors",
        )
    _say(
        console,
        f"to look at again: {relabel['more_ratings']} need more ratings, {relabel['second_look']} a second "
        f"look; about {relabel['expected_fixed']:.0f} labels would be put right (`bertline labels queue`)",
    )


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
