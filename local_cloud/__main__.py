"""The command line of the local cloud: up, down, status, reset, env, deploy, destroy."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from local_cloud import deploy, launcher, status
from local_cloud import options as wishes
from local_cloud import reset as emptying
from local_cloud.cloud import Cloud
from local_cloud.defaults import PORT
from local_cloud.options import Options

DOWN = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except (launcher.LaunchError, deploy.DeploymentError) as error:
        print(f"local_cloud: {error}", file=sys.stderr)
        return 1
    return code


def up(options: argparse.Namespace) -> int:
    """Start the cloud, or say that it already runs."""
    running = launcher.find(options.home)
    if running is not None:
        _check_wishes(running, Options.of(options))
        print(f"already running: {status.where(running)}")
        return 0
    if options.foreground:
        return launcher.run(options.home, options.port, Options.of(options))
    cloud = launcher.start(options.home, options.port, Options.of(options))
    print(f"running: {status.where(cloud)}")
    print(f"page: {cloud.page}")
    print(f"log: {options.home.resolve() / launcher.LOG_FILE}")
    return 0


def down(options: argparse.Namespace) -> int:
    """Stop the cloud and everything it has started."""
    print("stopped" if launcher.stop(options.home) else "not running")
    return 0


def show_status(options: argparse.Namespace) -> int:
    """Say whether the cloud runs; exit code 3 when it does not."""
    cloud = launcher.find(options.home)
    if cloud is None:
        print("not running")
        return DOWN
    print("\n".join(status.lines(options.home.resolve(), cloud)))
    return 0


def reset(options: argparse.Namespace) -> int:
    """Empty the cloud; one that runs starts anew."""
    found, cloud = emptying.reset(options.home, options.state)
    print("emptied" if found else "there was nothing to empty")
    if cloud is not None:
        print(f"running: {status.where(cloud)}")
    return 0


def env(options: argparse.Namespace) -> int:
    """Print shell lines that point boto3, the AWS CLI and the CDK at the cloud."""
    cloud = _running(options)
    print("unset AWS_PROFILE AWS_SESSION_TOKEN")
    for name, value in cloud.environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def deploy_assembly(options: argparse.Namespace) -> int:
    """Deploy every stack of a cloud assembly and print the outputs."""
    outputs = deploy.deploy(options.assembly, _target(options), progress=print)
    for stack, values in outputs.items():
        for key, value in values.items():
            print(f"{stack}.{key} = {value}")
    return 0


def destroy_assembly(options: argparse.Namespace) -> int:
    """Delete every stack of a cloud assembly."""
    deploy.destroy(options.assembly, _target(options), progress=print)
    return 0


def _check_wishes(cloud: Cloud, wished: Options) -> None:
    """Refuse what a running cloud cannot be given any more and what nobody should believe to have."""
    lacks = ["does not enforce permissions"] if wished.auth and not cloud.auth else []
    if wished.state and str(wished.state) != cloud.state:
        lacks.append(
            f"keeps its records in {cloud.state}" if cloud.state else "keeps its records in memory alone"
        )
    if lacks:
        raise launcher.LaunchError(
            f"already running: {status.where(cloud)}; it {' and '.join(lacks)}: stop it first"
        )


def _running(options: argparse.Namespace) -> Cloud:
    cloud = launcher.find(options.home)
    if cloud is None:
        raise launcher.LaunchError(f"no local cloud runs for {options.home}; start one with `local_cloud up`")
    return cloud


def _target(options: argparse.Namespace) -> deploy.Target:
    cloud = _running(options)
    return deploy.Target(endpoint_url=cloud.endpoint_url, account=cloud.account, region=cloud.region)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="local_cloud", description="AWS on 127.0.0.1 with a working SageMaker."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    shared = argparse.ArgumentParser(add_help=False)
    home = Path(os.environ.get("LOCAL_CLOUD_HOME", ".local_cloud"))
    shared.add_argument("--home", type=Path, default=home, help=f"where it keeps its files (now {home})")

    starting = commands.add_parser("up", parents=[shared], help="start it")
    starting.add_argument("--port", type=int, default=PORT, help="wished port; another if it is taken")
    wishes.add(starting)
    starting.add_argument(
        "--foreground", action="store_true", help="stay, log to the terminal, stop on Ctrl-C"
    )
    starting.set_defaults(run=up)
    for name, function, text in (
        ("down", down, "stop it"),
        ("status", show_status, "say what runs and where; exit code 3 when nothing does"),
        ("env", env, "print export lines for a shell: eval $(python -m local_cloud env)"),
    ):
        commands.add_parser(name, parents=[shared], help=text).set_defaults(run=function)
    emptied = commands.add_parser("reset", parents=[shared], help="delete all it keeps; asks nothing")
    emptied.add_argument("--state", type=Path, help="state folder to empty, if no cloud runs with it")
    emptied.set_defaults(run=reset)
    for name, act, text in (
        ("deploy", deploy_assembly, "deploy a synthesised CDK app (cdk.out)"),
        ("destroy", destroy_assembly, "delete the stacks of a synthesised CDK app"),
    ):
        command = commands.add_parser(name, parents=[shared], help=text)
        command.add_argument("assembly", type=Path, help="cloud assembly directory, cdk.out for example")
        command.set_defaults(run=act)
    return parser


if __name__ == "__main__":
    sys.exit(main())
