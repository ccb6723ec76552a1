"""`bertline data ...`: datasets, SQL over the Feature Store, corrections and the consistency check."""

import csv
import itertools
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from bertline import contracts, platform
from bertline.data import athena, consistency, corrections, datasets
from bertline.data.records import OnlineStore
from bertline.options import Environment, console, echo, target_of
from bertline.platform import Platform
from bertline.target import Target

app = typer.Typer(no_args_is_help=True, help="Datasets and the Feature Store: look, query, correct, check.")
TABLE_ROWS = 50
_WIDEST = 60  # characters of a value in a table


@app.command()
def show(
    dataset: Annotated[str, typer.Argument(metavar="HASH", help="The beginning of its hash.")],
    env: Environment = "dev",
    as_json: Annotated[bool, typer.Option("--json", help="As it is stored.")] = False,
) -> None:
    """What a dataset was made of."""
    target, place = _platform(env)
    card = datasets.find(target.client("s3"), place.artifact_bucket, dataset)
    if as_json:
        sys.stdout.write(json.dumps(card.content, indent=2, ensure_ascii=False) + "\n")
    else:
        datasets.show(card, console)


@app.command(name="list")
def list_command(
    env: Environment = "dev", most: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20
) -> None:
    """The datasets that were made last."""
    target, place = _platform(env)
    cards = datasets.newest(target.client("s3"), place.artifact_bucket, most)
    console.print(datasets.listed(cards) if cards else "there is no dataset yet: `bertline run` makes one")


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="{features} stands for the feature group's table.")],
    env: Environment = "dev",
    as_csv: Annotated[bool, typer.Option("--csv", help="All rows, as CSV.")] = False,
) -> None:
    """SQL over the offline store, with Athena."""
    target, place = _platform(env)
    result = athena.select(target, place, sql)
    names = [column.name for column in result.columns]
    if as_csv:
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow(names)
        out.writerows(result.rows)
        return
    table = Table(*(escape(name) for name in names))
    for row in itertools.islice(result.rows, TABLE_ROWS):
        table.add_row(*("" if value is None else _short(value) for value in row))
    console.print(table)
    if next(result.rows, None) is not None:
        echo(f"only the first {TABLE_ROWS} rows are shown: --csv prints all")


@app.command()
def correct(
    file: Annotated[Path, typer.Argument(help="CSV with the columns review_id and label.")],
    env: Environment = "dev",
) -> None:
    """Correct labels: a new event in the Feature Store for each."""
    target, place = _platform(env)
    classes = contracts.in_use(target, place).classes
    labels = corrections.read(file, classes)
    done = corrections.correct(_online(target, place), labels, classes)
    echo(
        f"{done.written} corrected, {done.unchanged} right already. Train with them: bertline run --as-of now"
    )


@app.command()
def delete(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Review ids.")],
    env: Environment = "dev",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete reviews from the Feature Store; reads as of an earlier time still find them."""
    target, place = _platform(env)
    if target.kind == "aws" and not yes:
        typer.confirm(f"Delete {len(ids)} reviews from {place.feature_group}?", abort=True)
    echo(f"{corrections.delete(_online(target, place), ids)} deleted from {place.feature_group}")


@app.command()
def check(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Instead of a sample.")] = None,
    env: Environment = "dev",
    sample: Annotated[int, typer.Option(help="Reviews to compare, drawn at random.", min=1)] = 200,
) -> None:
    """Compare online with offline records; the exit status is 1 if any differ."""
    target, place = _platform(env)
    group = target.client("sagemaker").describe_feature_group(FeatureGroupName=place.feature_group)
    types = {one["FeatureName"]: one["FeatureType"] for one in group["FeatureDefinitions"]}
    named = list(dict.fromkeys(ids or []))
    found = athena.select(target, place, consistency.query(types, sample, named))
    checked = consistency.compare(consistency.latest(found), _online(target, place), types, named)
    if not checked.differences:
        echo(f"{checked.reviews} reviews are the same online and offline")
        return
    _print_differences(checked)
    raise typer.Exit(1)


def _print_differences(checked: consistency.Checked) -> None:
    table = Table("review", "feature", "offline", "online", "latest event known")
    for one in checked.differences:
        age = "younger than 15 minutes" if one.expected else "older than 15 minutes"
        table.add_row(escape(one.review_id), one.feature, _short(one.offline), _short(one.online), age)
    console.print(table)
    differ = {one.review_id for one in checked.differences}
    young = {one.review_id for one in checked.differences if one.expected}
    echo(
        f"{len(differ)} of {checked.reviews} reviews differ, {len(young)} of them after an event younger "
        "than 15 minutes: the offline store may lag that long. A deletion shows no time online: check again."
    )


def _platform(environment: str) -> tuple[Target, Platform]:
    target = target_of(environment)
    return target, platform.find(target, environment)


def _online(target: Target, place: Platform) -> OnlineStore:
    return OnlineStore(target.client("sagemaker-featurestore-runtime"), place.feature_group)


def _short(value: str) -> str:
    return escape(value if len(value) <= _WIDEST else value[: _WIDEST - 1] + "…")
