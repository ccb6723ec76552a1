"""`bertline experiment`: would other data, more labels or rewritten texts help?"""

from pathlib import Path
from typing import Annotated

import typer

from bertline import experiments, platform, runs, watch
from bertline.errors import BadParameter, BertlineError
from bertline.options import Environment, Execution, console, echo, target_of
from bertline.target import Target

app = typer.Typer(no_args_is_help=True, help=__doc__)
LEARNERS = ("tfidf", "encoder")
Learner = Annotated[str, typer.Option(help="tfidf (seconds) or encoder (the fine-tuned model; long).")]
Seed = Annotated[int | None, typer.Option(help="Decides folds and training; the settings' seed if left out.")]
Repeats = Annotated[
    int | None, typer.Option(help="How often all folds are run, each time with others.", min=1)
]


@app.command(name="add-data")
def add_data(
    candidate: Annotated[
        str, typer.Argument(help="A folder, file or s3:// prefix with the candidate's files.")
    ],
    contract: Annotated[Path, typer.Option(help="The candidate's data contract: same classes, own sources.")],
    learner: Learner = "tfidf",
    repeats: Repeats = None,
    seed: Seed = None,
    env: Environment = "dev",
) -> None:
    """May this data be added to training, and at which weight?"""
    values = _values(experiments.ADD_DATA, learner, repeats, seed)
    target = target_of(env)
    sent = experiments.send_candidate(target, platform.find(target, env), candidate, contract)
    _ask({**values, **sent}, env)


@app.command(name="learning-curve")
def learning_curve(
    learner: Learner = "tfidf", repeats: Repeats = None, seed: Seed = None, env: Environment = "dev"
) -> None:
    """What would more labels bring, and of which class?"""
    _ask(_values(experiments.LEARNING_CURVE, learner, repeats, seed), env)


@app.command()
def augmentation(
    learner: Learner = "tfidf", repeats: Repeats = None, seed: Seed = None, env: Environment = "dev"
) -> None:
    """Do rewritten texts keep their labels, and do they help?"""
    _ask(_values(experiments.AUGMENTATION, learner, repeats, seed), env)


@app.command()
def show(execution: Execution = None, env: Environment = "dev") -> None:
    """The verdict of an experiment that was started before; waits for it if it still runs."""
    target = target_of(env)
    place = experiments.pipeline_of(platform.find(target, env))
    if not runs.newest(target, place, 1):
        raise BertlineError("no experiment has been started yet: see `bertline experiment --help`")
    _tell(target, runs.named(target, place, execution))


def _values(kind: str, learner: str, repeats: int | None, seed: int | None) -> dict[str, str]:
    if learner not in LEARNERS:
        raise BadParameter(f"--learner is {learner!r}: it must be {' or '.join(LEARNERS)}")
    optional = {"Repeats": repeats, "Seed": seed}
    given = {name: str(value) for name, value in optional.items() if value is not None}
    return {"ExperimentKind": kind, "Learner": learner, **given}


def _ask(values: dict[str, str], env: str) -> None:
    """Run the experiment on the newest features and print its verdict; one against a lever is no failure."""
    target = target_of(env)
    place = platform.find(target, env)
    prepared = experiments.newest(target, place)
    echo(f"on the features of execution {prepared.execution.rsplit('/', 1)[-1]}")
    arn = experiments.start(target, place, prepared, values)
    echo(f"started {arn}")
    _tell(target, arn)


def _tell(target: Target, arn: str) -> None:
    result = experiments.fetch(target, watch.follow(target, arn, console))
    echo(result.words)
    echo(f"Every figure: {result.page}")
