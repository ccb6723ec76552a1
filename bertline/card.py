"""`bertline card`: the model card of a registered version, as its registry keeps it."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bertline import approval, platform
from bertline.errors import BertlineError
from bertline.options import Environment, console, echo, target_of
from bertline.platform import Platform
from bertline.target import Target

Version = Annotated[int | None, typer.Argument(help="Its number; the newest if left out.")]
_TITLES = {
    "purpose_of_model": "Purpose",
    "intended_uses": "Meant for",
    "factors_affecting_model_efficiency": "Weaker where",
    "training_observations": "Training",
    "caveats_and_recommendations": "Caveats",
    "ethical_considerations": "Ethics",
}


@dataclass(frozen=True)
class Card:
    """A card's content, its state of review and the ARN of its model package."""

    package: str
    status: str
    content: dict[str, Any]


def card(
    version: Version = None,
    env: Environment = "dev",
    as_json: Annotated[bool, typer.Option("--json", help="Print the content as JSON.")] = False,
) -> None:
    """Show the model card of a registered version."""
    target = target_of(env)
    found = fetch(target, platform.find(target, env), version)
    if as_json:
        echo(json.dumps(found.content, indent=2, ensure_ascii=False))
    else:
        show(found, console)


def fetch(target: Target, place: Platform, version: int | None) -> Card:
    """The card of a version; of the newest if `version` is None.

    Raises
    ------
    BertlineError
        There is no such version, or it was registered without a card.
    """
    package = approval.find(target, place, version)
    held = target.client("sagemaker").describe_model_package(ModelPackageName=package).get("ModelCard")
    if not held or not held.get("ModelCardContent"):
        raise BertlineError(f"{package} has no model card: it was registered before there were any")
    status = str(held.get("ModelCardStatus", "unknown"))
    return Card(package, status, json.loads(held["ModelCardContent"]))


def show(found: Card, to: Console) -> None:
    """Print what the card says, and its metrics group by group."""
    to.print(f"[bold]{escape(found.package)}[/]  review: {escape(found.status)}", highlight=False)
    for part in ("intended_uses", "training_details", "additional_information"):
        for key, title in _TITLES.items():
            if key in found.content.get(part, {}):
                to.print(f"[bold]{title}:[/] {escape(found.content[part][key])}", highlight=False)
    for one in found.content.get("evaluation_details", []):
        to.print(
            f"[bold]{escape(one['name'])}:[/] {escape(one.get('evaluation_observation', ''))}",
            highlight=False,
        )
        for group in one.get("metric_groups", []):
            _group(group, to)


def _group(group: dict[str, Any], to: Console) -> None:
    """Single figures; graphs and matrices are in the report."""
    table = Table(title=escape(group["name"]), title_justify="left", show_header=False, box=None)
    simple = [one for one in group["metric_data"] if one["type"] in ("number", "string", "boolean")]
    for one in simple:
        value = f"{one['value']:.4g}" if one["type"] == "number" else str(one["value"])
        table.add_row(escape(one["name"]), escape(value), f"[dim]{escape(one.get('notes', ''))}[/]")
    if simple:
        to.print(table)
