"""What all commands share: the options of cloud and environment, and the two consoles."""

from typing import Annotated

import typer
from rich.console import Console

from bertline.target import Kind, Target, resolve

console = Console()
errors = Console(stderr=True)
Environment = Annotated[
    str, typer.Option("--env", help="dev, staging or prod (config/<env>.toml).", envvar="BERTLINE_ENV")
]
Execution = Annotated[
    str | None, typer.Option("--execution", help="Its ARN or the end of it; the newest if left out.")
]
chosen: dict[str, Kind] = {"target": "local"}


def target_of(environment: str) -> Target:
    """The cloud that this call was told to use, for an environment."""
    return resolve(chosen["target"], environment)


def echo(line: str) -> None:
    """Print a line as it is."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)
