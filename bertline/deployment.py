"""The CDK command line: synth, bootstrap, deploy and destroy, on either cloud."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bertline.errors import ToolFailed
from bertline.paths import ROOT
from bertline.processes import run
from bertline.target import Target

CLI = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
TOOLS = Path(sys.executable).parent  # the virtual environment's bin: python3 for app.py, and node


def synth(environment: str, *, governed: bool = False, on_line: Callable[[str], None]) -> None:
    """Write the templates to cdk.out; `governed` adds cdk-nag, the Guard rules and the validator."""
    variables = {**os.environ, "BERTLINE_GOVERNANCE": "on" if governed else "off"}
    variables["CDK_VALIDATION"] = "true" if governed else "false"
    _cdk("synth", "--quiet", environment=environment, variables=variables, on_line=on_line)


def bootstrap(target: Target, environment: str, *, on_line: Callable[[str], None]) -> None:
    """Make the CDK's own bucket and roles in the account, once an account and region."""
    account = target.account or target.client("sts").get_caller_identity()["Account"]
    where = f"aws://{account}/{target.region}"
    _cdk("bootstrap", where, environment=environment, variables=target.variables(), on_line=on_line)


def deploy(target: Target, environment: str, *, on_line: Callable[[str], None]) -> None:
    """Deploy all stacks of an environment without questions."""
    arguments = ("--all", "--progress", "events", "--require-approval", "never")
    _cdk("deploy", *arguments, environment=environment, variables=target.variables(), on_line=on_line)


def install(target: Target, environment: str) -> None:
    """Bootstrap and deploy in one go, as the local cloud needs it; the log has what the CDK says."""
    bootstrap(target, environment, on_line=lambda line: None)
    deploy(target, environment, on_line=lambda line: None)


def deploy_attended(target: Target, environment: str) -> None:
    """Deploy all stacks in the user's own terminal: the CDK asks before it widens any permission."""
    command = _command("deploy", "--all", "--require-approval", "broadening", environment=environment)
    status = subprocess.run(command, cwd=ROOT, env=_with_tools(target.variables()), check=False).returncode
    if status:
        raise ToolFailed(f"`cdk deploy` ended with status {status}: what it printed says why")


def destroy(target: Target, environment: str, *, on_line: Callable[[str], None]) -> None:
    """Delete all stacks of an environment. What the templates retain (feature group, key, data) stays."""
    arguments = ("--all", "--force")
    _cdk("destroy", *arguments, environment=environment, variables=target.variables(), on_line=on_line)


def _cdk(
    name: str, *arguments: str, environment: str, variables: Mapping[str, str], on_line: Callable[[str], None]
) -> None:
    command = _command(name, *arguments, environment=environment)
    quiet = {"CI": "true", "NO_COLOR": "1"}
    run(command, log=f"cdk-{name}.log", environment=_with_tools({**variables, **quiet}), on_line=on_line)


def _command(name: str, *arguments: str, environment: str) -> list[str]:
    node = TOOLS / "node"
    if not (node.exists() and CLI.exists()):
        raise ToolFailed("the CDK command line is not set up: run `make setup`")
    return [str(node), str(CLI), name, *arguments, "--context", f"env={environment}", "--no-notices"]


def _with_tools(variables: Mapping[str, str]) -> dict[str, str]:
    path = f"{TOOLS}{os.pathsep}{variables.get('PATH', '')}"
    return {**variables, "PATH": path, "CDK_DISABLE_CLI_TELEMETRY": "true"}
