"""`bertline errors ...`: look at a model's errors, say what is wrong with them, see what would pay."""

from pathlib import Path
from typing import Annotated

import typer

from bertline import answers, error_history, error_views, platform, runs, watch
from bertline.answers import Answers
from bertline.error_tags import TagStore
from bertline.error_views import Chosen
from bertline.errors import NotTested
from bertline.options import Environment, Execution, console, echo, target_of

app = typer.Typer(no_args_is_help=True, help="A model's errors: browse, tag, rank, export, history.")
Review = Annotated[str, typer.Argument(metavar="REVIEW_ID")]
Tag = Annotated[str | None, typer.Option(help="An automatic tag, one of the contract, or a human one.")]
Slice = Annotated[str | None, typer.Option("--slice", help="A slice of the contract.")]
Class = Annotated[str | None, typer.Option("--class", help="The true class.")]


@app.command(name="list")
def list_command(
    tag: Tag = None,
    in_slice: Slice = None,
    label: Class = None,
    top: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
    execution: Execution = None,
    env: Environment = "dev",
) -> None:
    """The errors, the most confident first."""
    found, store = _open(env, execution)
    rows = error_views.errors_of(found, _human(found, store), Chosen(tag, in_slice, label))
    if not rows:
        echo("there is no such error")
        return
    console.print(error_views.listed(rows[:top]))
    echo(f"{len(rows[:top])} of {len(rows)} errors of execution {found.execution}")


@app.command(name="tag")
def tag_command(
    review_id: Review,
    tags: Annotated[list[str], typer.Argument(metavar="TAG...", help="Such as sarcasm two-products.")],
    execution: Execution = None,
    env: Environment = "dev",
) -> None:
    """Say what is wrong with an error; later versions' errors on that review have the tags too."""
    found, store = _open(env, execution)
    if not any(row["review_id"] == review_id for row in found.predictions):
        raise NotTested(
            f"execution {found.execution} did not test review {review_id!r}: `bertline errors list` shows ids"
        )
    echo(f"{review_id}: {', '.join(store.add(review_id, tags))}")


@app.command()
def untag(
    review_id: Review,
    tags: Annotated[list[str] | None, typer.Argument(metavar="[TAG...]", help="All if left out.")] = None,
    env: Environment = "dev",
) -> None:
    """Take human tags from a review."""
    target = target_of(env)
    store = TagStore(target.client("s3"), platform.find(target, env).artifact_bucket)
    echo(f"{review_id}: {', '.join(store.remove(review_id, tags or [])) or 'no tags'}")


@app.command()
def table(execution: Execution = None, env: Environment = "dev") -> None:
    """What to work on: by automatic tag with the gap to people, and by human tag."""
    found, store = _open(env, execution)
    error_views.show(found, _human(found, store), console)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .csv or .jsonl; holds texts.")],
    tag: Tag = None,
    in_slice: Slice = None,
    label: Class = None,
    execution: Execution = None,
    env: Environment = "dev",
) -> None:
    """Write the errors with texts, slices and tags to a file."""
    found, store = _open(env, execution)
    rows = error_views.errors_of(found, _human(found, store), Chosen(tag, in_slice, label))
    error_views.write(file, rows)
    echo(f"errors written to {file}: {len(rows)}")


@app.command()
def history(
    tag: Annotated[str | None, typer.Option(help="Only this tag, automatic or human.")] = None,
    most: Annotated[int, typer.Option("--versions", help="At most so many, the newest.", min=1)] = 6,
    env: Environment = "dev",
) -> None:
    """The error rate of each tag across the registered versions, the oldest first."""
    target = target_of(env)
    found = error_history.read(target, platform.find(target, env), most)
    error_history.show(found if tag is None else found.only(tag), console)


def _open(environment: str, execution: str | None) -> tuple[Answers, TagStore]:
    target = target_of(environment)
    place = platform.find(target, environment)
    found = answers.fetch(target, watch.look(target, runs.named(target, place, execution)))
    return found, TagStore(target.client("s3"), place.artifact_bucket)


def _human(found: Answers, store: TagStore) -> dict[str, list[str]]:
    return store.read(row["review_id"] for row in found.mistakes)
