"""The commands. Each one reads its options, calls one module and prints."""

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape
from rich.table import Table

from bertline import (
    approval,
    card,
    cloud,
    cost,
    deployment,
    endpoint,
    errors_command,
    evaluation,
    experiment_command,
    labels_command,
    logs,
    overview,
    platform,
    runs,
    teardown,
    upload_command,
    watch,
)
from bertline.data import commands as data_commands
from bertline.data import times
from bertline.demo import Demo
from bertline.errors import BadParameter, BertlineError
from bertline.options import Environment, Execution, chosen, console, echo, errors, target_of
from bertline.target import Target, local_cloud

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(data_commands.app, name="data")
app.add_typer(labels_command.app, name="labels")
app.add_typer(errors_command.app, name="errors")
app.add_typer(experiment_command.app, name="experiment")
app.command(name="upload")(upload_command.upload)
app.command(name="card")(card.card)
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="A pipeline parameter, Name=value. May be repeated.")
]


@app.callback()
def choose(
    target: Annotated[str, typer.Option(help="local or aws.", envvar="BERTLINE_TARGET")] = "local",
) -> None:
    """Bertline: a text-classification platform on Amazon SageMaker, also on your own machine."""
    if target not in ("local", "aws"):
        raise BertlineError(f"--target is {target!r}: it must be local or aws")
    chosen["target"] = "aws" if target == "aws" else "local"


@app.command()
def demo(env: Environment = "dev", preset: str = "demo") -> None:
    """The main job on this machine: raw reviews to an answering endpoint."""
    if chosen["target"] != "local":
        raise BertlineError(
            "the demo is for the local cloud: on AWS use deploy, upload, run, approve and invoke"
        )
    Demo(console, environment=env, preset=preset).run()


@app.command()
def up(
    env: Environment = "dev",
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    auth: Annotated[
        bool | None,
        typer.Option("--auth/--no-auth", help="Enforce permissions, as AWS does.  [default: yes]"),
    ] = None,
    state: Annotated[Path | None, typer.Option(help="Folder that keeps everything between starts.")] = None,
    speed: Annotated[
        float | None, typer.Option(help="Make bake times, alarm periods and cooldowns so many times faster.")
    ] = None,
) -> None:
    """Start the local cloud, for the region and account of an environment's settings."""
    _, started = cloud.up(env, cloud.Wishes(port, auth, state, speed))
    console.print("the local cloud is up" if started else "the local cloud was already up")
    cloud.describe(echo)


@app.command()
def down() -> None:
    """Stop the local cloud and everything it runs."""
    console.print("the local cloud is stopped" if cloud.down() else "the local cloud was not running")


@app.command()
def reset(
    state: Annotated[Path | None, typer.Option(help="Folder that keeps its state, if it has one.")] = None,
) -> None:
    """Empty the local cloud: stacks, buckets, models and everything else it holds."""
    cloud.reset(state)
    console.print("the local cloud is empty")


@app.command()
def synth(
    env: Environment = "dev",
    governed: Annotated[bool, typer.Option(help="With cdk-nag, Guard rules and the validator.")] = False,
) -> None:
    """Write the CloudFormation templates to cdk.out."""
    deployment.synth(env, governed=governed, on_line=echo)
    console.print("the templates are in cdk.out" + (", and every governance rule passed" if governed else ""))


@app.command()
def deploy(env: Environment = "dev") -> None:
    """Deploy all stacks of an environment."""
    target = target_of(env)
    if target.kind == "aws":
        deployment.deploy_attended(target, env)
        return
    with console.status("deploying ..."):
        deployment.install(target, env)
    console.print(f"the stacks bertline-{env}-* are deployed to {target.endpoint_url}", highlight=False)


@app.command()
def destroy(
    env: Environment = "dev",
    data: Annotated[bool, typer.Option("--data", help="Delete models, objects and features too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the endpoint and all stacks of an environment; the data only when asked for with --data."""
    target = target_of(env)
    if target.kind == "aws" and not yes:
        what = f"the endpoint and stacks bertline-{env}-* in {target.region}"
        typer.confirm(f"Delete {what}{' WITH ALL DATA, MODELS AND FEATURES' if data else ''}?", abort=True)
    teardown.stop_serving(target, env)
    if data:
        teardown.delete_models_and_objects(target, env)
    deployment.destroy(target, env, on_line=echo)
    if data:
        teardown.delete_feature_group(target, env)


@app.command()
def run(
    env: Environment = "dev",
    settings: Settings = None,
    preset: str = "",
    as_of: Annotated[
        str, typer.Option("--as-of", help="Train on the Feature Store as of now, or of an ISO 8601 time.")
    ] = "",
    detach: bool = False,
) -> None:
    """Start the pipeline and follow it; the exit status is 1 if it does not succeed."""
    target = target_of(env)
    place = platform.find(target, env)
    given = {**(runs.preset(preset) if preset else {}), **runs.parse(settings or [])}
    if as_of:
        if "FeaturesAsOf" in given:
            raise BadParameter("give either --as-of or --set FeaturesAsOf, not both")
        given["FeaturesAsOf"] = times.as_of(as_of)
        console.print(f"FeaturesAsOf={given['FeaturesAsOf']}", highlight=False)
    carried = {k: v for k, v in runs.last_inputs(target, place).items() if k not in given}
    for name, value in carried.items():
        console.print(f"as in the newest execution: {name}={value}", highlight=False, soft_wrap=True)
    values = {**carried, **given}
    arn = runs.start(target, place, values, "bertline run")
    console.print(f"started {arn}", highlight=False, soft_wrap=True)
    if not detach:
        _follow(target, arn)


@app.command(name="watch")
def watch_command(
    execution: Annotated[
        str | None, typer.Argument(help="Its ARN or the end of it; the newest if left out.")
    ] = None,
    env: Environment = "dev",
) -> None:
    """Follow an execution of the pipeline until it ends."""
    target = target_of(env)
    _follow(target, runs.named(target, platform.find(target, env), execution))


@app.command()
def approve(
    version: Annotated[int | None, typer.Argument(help="The newest if left out.")] = None,
    env: Environment = "dev",
    comment: str = "approved with the bertline command",
) -> None:
    """Approve a model package and wait until the endpoint serves it."""
    target = target_of(env)
    place = platform.find(target, env)
    package = approval.find(target, place, version)
    approval.approve(target, package, comment)
    with console.status(f"waiting for endpoint {place.endpoint} ..."):
        approval.wait_until_served(target, place.endpoint, package)
    console.print(f"endpoint {place.endpoint} serves {package}", highlight=False, soft_wrap=True)


@app.command()
def invoke(texts: list[str], env: Environment = "dev") -> None:
    """Classify texts with the live endpoint; one JSON line each."""
    target = target_of(env)
    for answer in endpoint.invoke(target, platform.find(target, env).endpoint, texts):
        sys.stdout.write(json.dumps(answer) + "\n")


@app.command(name="logs")
def logs_command(
    step: Annotated[str, typer.Argument(help="A step's name, or Endpoint.")],
    execution: Execution = None,
    env: Environment = "dev",
) -> None:
    """The log of a step of the newest (or another) execution, or of the endpoint."""
    target = target_of(env)
    place = platform.find(target, env)
    if step.lower() == "endpoint":
        lines = logs.of_endpoint(target, place.endpoint)
    else:
        found = watch.look(target, runs.named(target, place, execution))
        names = [one.name for one in found.steps]
        if step not in names:
            raise BadParameter(f"there is no step {step!r} (there are: {', '.join(names)}, Endpoint)")
        lines = logs.of_step(found.step(step), target)
    for line in lines:
        sys.stdout.write(line + "\n")


@app.command()
def status(env: Environment = "dev") -> None:
    """What is deployed, what ran last and what the endpoint serves."""
    if chosen["target"] == "local" and local_cloud() is None:
        console.print(
            "the local cloud is not running: start it with `bertline up`, or all of it with `make demo`"
        )
        raise typer.Exit(3)
    target = target_of(env)
    if target.kind == "local":
        cloud.describe(echo)
    place = platform.find(target, env)
    table = Table(title=target.endpoint_url or f"AWS, {target.region}", title_justify="left")
    for column in ("what", "name", "state"):
        table.add_column(column, overflow="fold")
    for row in overview.rows(target, place):
        table.add_row(*row)
    console.print(table)


@app.command(name="cost")
def cost_command(env: Environment = "dev") -> None:
    """A rough bill for an environment on AWS, from its settings and the list prices in config/prices."""
    table = Table(
        "what", "how", "US dollars", "per", title=f"{env}, list prices of us-east-1", title_justify="left"
    )
    for item in cost.read(env):
        table.add_row(item.what, item.how, f"{item.dollars:.2f}", item.unit)
    console.print(table)


def _follow(target: Target, arn: str) -> None:
    execution = watch.follow(target, arn, console)
    if execution.step("Evaluate").state == "Succeeded":
        verdict = evaluation.fetch(target, execution)
        evaluation.show(verdict, console)
        console.print(f"The report: {verdict.report}", highlight=False, soft_wrap=True)
    if execution.state != "Succeeded":
        failed = next((step for step in execution.steps if step.state == "Failed"), None)
        raise BertlineError(
            f"{failed.name} failed: {failed.reason}" if failed else f"the execution is {execution.state}"
        )


def _interrupt(number: int, frame: FrameType | None) -> Any:
    raise KeyboardInterrupt


def main() -> None:
    """Run a command; an expected error is one message and status 1, an interruption status 130."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except BertlineError as error:
        errors.print(f"[red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except (ClientError, BotoCoreError) as error:
        message = escape(f"the {chosen['target']} cloud said: {error}")
        errors.print(f"[red]error:[/] {message}", highlight=False, soft_wrap=True)
        sys.exit(1)
    finally:
        _flush()


def _flush() -> None:
    """Let `bertline logs Train | head` end quietly."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
