"""The real CDK command line against a local cloud of its own: the commands of a stack's life, timed."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.measure import ROOT
from bertline import deployment, teardown
from bertline.target import Target
from local_cloud import launcher
from local_cloud.options import Options

ENVIRONMENT = "dev"
# Its change cannot work: the model names a version of a package that nobody has registered.
SMALL_APP = """
import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker, aws_sqs as sqs
app = cdk.App()
stack = cdk.Stack(app, "Small")
broken = app.node.try_get_context("broken")
queue = sqs.Queue(stack, "Queue", visibility_timeout=cdk.Duration.seconds(60 if broken else 30))
if broken:
    package = stack.format_arn(service="sagemaker", resource="model-package", resource_name="none/1")
    container = sagemaker.CfnModel.ContainerDefinitionProperty(model_package_name=package)
    model = sagemaker.CfnModel(stack, "Model", primary_container=container)
    model.node.add_dependency(queue)
app.synth()
"""


@dataclass(frozen=True)
class Done:
    """A command that has ended: what it printed, and how long it took."""

    status: int
    text: str
    seconds: float


class Cli:
    """The command line, talking to one cloud and writing no file of the project."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target, self.folder = target, folder

    def __call__(self, *words: str, app: str | None = None) -> Done:
        """Run ``cdk`` with these words, for an app of its own or for the project's."""
        name = words[0]
        chosen = ["--app", app] if app else ["--context", f"env={ENVIRONMENT}"]
        out = self.folder / ("small.out" if app else "cdk.out")
        made = [] if name == "bootstrap" and app else ["--output", str(out)]
        node = deployment.TOOLS / "node"
        command = [str(node), str(deployment.CLI), *words, *chosen, *made, "--no-notices", "--no-color"]
        began = time.perf_counter()
        done = subprocess.run(
            command, cwd=ROOT, env=self._variables(), capture_output=True, text=True, check=False
        )
        return Done(done.returncode, done.stdout + done.stderr, time.perf_counter() - began)

    def _variables(self) -> dict[str, str]:
        quiet = {"CI": "true", "CDK_VALIDATION": "false", "CDK_DISABLE_CLI_TELEMETRY": "true"}
        path = f"{deployment.TOOLS}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**self.target.variables(), **quiet, "PATH": path}


def main() -> None:
    """The table, without and with permissions enforced.

    Raises
    ------
    SystemExit
        A command has not ended as it must.
    """
    well = True
    for auth in (False, True):
        print(f"\npermissions {'enforced (--auth)' if auth else 'not enforced'}")
        print("| command | seconds | what it says |")
        print("| --- | ---: | --- |", flush=True)
        with tempfile.TemporaryDirectory() as scratch, _cloud(Path(scratch), auth=auth) as target:
            well = _life(Cli(target, Path(scratch)), Path(scratch)) and well
    if not well:
        raise SystemExit("a command has not ended as it must")


def _life(cdk: Cli, scratch: Path) -> bool:
    small = scratch / "small.py"
    small.write_text(SMALL_APP)
    app = f"{sys.executable} {small}"
    target = cdk.target
    deploy = ("deploy", "--all", "--require-approval", "never", "--progress", "events")
    rows: list[bool] = []

    def row(what: str, done: Done, good: bool, said: str) -> None:
        print(
            f"| {what} | {done.seconds:.1f} | {said if good else 'NOT AS IT MUST: ' + _last(done)} |",
            flush=True,
        )
        rows.append(good)

    done = cdk("bootstrap", f"aws://{target.account}/{target.region}")
    row("bootstrap", done, done.status == 0, _lines(done, "bootstrapped", 1))
    done = cdk(*deploy)
    stacks = _stacks(target)
    row(
        "deploy --all",
        done,
        done.status == 0,
        f"{len(stacks)} stacks, {_resources(target, stacks)} resources",
    )
    done = cdk(*deploy)
    idle = done.text.count("(no changes)")
    row("deploy --all again", done, done.status == 0 and idle == len(stacks), f"{idle} times (no changes)")
    done = cdk("diff", "--all")
    none = done.text.count("There were no differences")
    said = next((one for one in done.text.splitlines() if "with differences" in one), "")
    row("diff --all", done, done.status == 0, said.strip(" ✨") or f"{none} times no differences")
    done = cdk(*deploy, app=app)
    row("deploy of a small app", done, done.status == 0, _state(target))
    done = cdk("diff", "--context", "broken=yes", app=app)
    changed = [one.strip() for one in done.text.splitlines() if one.startswith(("[+]", "[~]"))]
    row("diff of its change", done, len(changed) == 2, "; ".join(changed))
    done = cdk(*deploy, "--context", "broken=yes", app=app)
    state = _state(target)
    row("deploy of its change, which fails", done, done.status == 1 and "ROLLBACK_COMPLETE" in state, state)
    print(f"| | | its reason: {_reason(target)} |", flush=True)
    done = cdk("destroy", "--all", "--force", app=app)
    row("destroy of the small app", done, done.status == 0, _state(target))
    teardown.stop_serving(target, ENVIRONMENT)
    teardown.delete_models_and_objects(target, ENVIRONMENT)
    done = cdk("destroy", "--all", "--force")
    left = [name for name in _stacks(target) if name != "CDKToolkit"]
    row("destroy --all", done, done.status == 0 and not left, f"{len(left)} stacks left")
    return all(rows)


@contextmanager
def _cloud(scratch: Path, *, auth: bool) -> Iterator[Target]:
    home = scratch / "home"
    cloud = launcher.start(home, launcher.free_port(0), Options(auth=auth))
    try:
        yield Target("local", cloud.region, cloud.endpoint_url, cloud.account)
    finally:
        launcher.stop(home)


def _stacks(target: Target) -> list[str]:
    alive = target.client("cloudformation").describe_stacks()["Stacks"]
    return [one["StackName"] for one in alive if one["StackName"] != "CDKToolkit"]


def _resources(target: Target, stacks: Sequence[str]) -> int:
    list_resources: Callable[..., dict[str, list[object]]] = target.client(
        "cloudformation"
    ).list_stack_resources
    return sum(len(list_resources(StackName=name)["StackResourceSummaries"]) for name in stacks)


def _state(target: Target) -> str:
    """How the small stack stands, and the setting that its change would have changed."""
    from botocore.exceptions import ClientError

    try:
        stack = target.client("cloudformation").describe_stacks(StackName="Small")["Stacks"][0]
    except ClientError:
        return "gone"
    sqs = target.client("sqs")
    url = sqs.list_queues(QueueNamePrefix="Small")["QueueUrls"][0]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    return f"{stack['StackStatus']}, visibility timeout {found['VisibilityTimeout']} s"


def _reason(target: Target) -> str:
    events = target.client("cloudformation").describe_stack_events(StackName="Small")["StackEvents"]
    told = [one["ResourceStatusReason"] for one in events if one.get("ResourceStatusReason")]
    return next((one for one in told if "ModelPackage" in one), "; ".join(told) or "none")


def _lines(done: Done, word: str, most: int) -> str:
    found = [one.strip(" ✅") for one in done.text.splitlines() if word in one]
    return "; ".join(found[:most])


def _last(done: Done) -> str:
    told = [one.strip() for one in done.text.splitlines() if one.strip()]
    return json.dumps(told[-3:])[:400]
