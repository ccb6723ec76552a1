"""`bertline labels ...`: how far people agree, which labels to look at again, what a new rubric changed."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from bertline import label_reports, platform, runs, watch
from bertline.label_comparison import Comparison, compare_reports
from bertline.label_reports import LabelReport, shown
from bertline.options import Environment, Execution, console, echo, target_of
from bertline.spreadsheets import one_line, write_csv
from bertline.target import Target

app = typer.Typer(
    no_args_is_help=True, help="Labels: agreement, human level, what to relabel, before and after."
)
TABLE_ROWS = 20
_WIDEST = 70  # characters of a text in a table


@app.command()
def show(execution: Execution = None, env: Environment = "dev") -> None:
    """Agreement, human level, other label definitions and ambiguity, as Baselines found them."""
    label_reports.show(_report(target_of(env), env, execution), console)


@app.command()
def queue(
    execution: Execution = None,
    env: Environment = "dev",
    top: Annotated[int | None, typer.Option(help="At most so many; 20 on the screen.", min=1)] = None,
    out: Annotated[Path | None, typer.Option(help="Write them to a CSV file instead.")] = None,
) -> None:
    """The labels to look at again, the largest expected gain first."""
    rows = _report(target_of(env), env, execution).queue()
    if not rows:
        echo("no label needs a look: none is ambiguous, none is contradicted by a simple model")
    elif out is None:
        first = rows[: top or TABLE_ROWS]
        console.print(_queued(first))
        echo(f"{len(first)} of {len(rows)} rows; --out FILE.csv writes them for a labelling tool")
    else:
        write_csv(out, list(rows[0]), rows[:top])
        echo(f"{len(rows[:top])} rows are in {out}. Send labels back with `bertline data correct FILE`.")


@app.command()
def compare(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="An execution's ARN or the end of it.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="An execution's ARN or the end of it.")],
    env: Environment = "dev",
) -> None:
    """What a change of the rubric did to agreement and to the ceiling of a model."""
    target = target_of(env)
    reports = [_report(target, env, execution) for execution in (before, after)]
    found = compare_reports(reports[0].content, reports[1].content)
    if found.changes:
        console.print(_compared(found, *reports))
    for sentence in found.words:
        echo(sentence)


def _report(target: Target, environment: str, execution: str | None) -> LabelReport:
    place = platform.find(target, environment)
    return label_reports.fetch(target, watch.look(target, runs.named(target, place, execution)))


def _queued(rows: list[dict[str, Any]]) -> Table:
    table = Table("review", "label", "perhaps", "what to do", "gain", "text")
    for row in rows:
        gain, review = f"{row['expected_gain']:.3f}", escape(row["review_id"])
        labels = escape(row["label"]), escape(row["likeliest_other"])
        table.add_row(review, *labels, row["action"], gain, escape(one_line(row["text"], _WIDEST)))
    return table


def _compared(found: Comparison, before: LabelReport, after: LabelReport) -> Table:
    table = Table("figure", before.execution, after.execution, "change and 95 % interval", "verdict")
    for change in found.changes:
        low, high = change.comparison["interval"]
        moved = f"{change.comparison['value']:+.3f}  ({low:+.3f} to {high:+.3f})"
        verdict = change.comparison["verdict"]
        table.add_row(change.name, shown(change.before), shown(change.after), moved, verdict)
    return table
