"""Tests of SageMaker that no one here wrote, run unchanged against a local cloud: each outcome, and the rate.

The public SDK's packages carry neither tests nor notebooks, so its own integration tests are run from a
checkout of its repository, aws/sagemaker-python-sdk on GitHub: the one in .bertline/sagemaker-python-sdk, or
`python -m bench sdk_examples --checkout=DIR`.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import boto3

from bench import sdk_manifest
from bench.measure import ROOT
from local_cloud import launcher
from local_cloud.options import Options

CHECKOUT = ROOT / ".bertline" / "sagemaker-python-sdk"
_EVERYONE = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
_SERVICE = {
    "Effect": "Allow",
    "Principal": {"Service": "sagemaker.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@dataclass(frozen=True)
class Outcome:
    """A test that has run, or could not: the reason is empty when it passed."""

    name: str
    reason: str


def main() -> None:
    """Run what there is and print each test with its outcome, then the rates."""
    named = [word.partition("=")[2] for word in sys.argv[1:] if word.startswith("--checkout=")]
    checkout = Path(named[0]) if named else CHECKOUT
    print(f"SageMaker Python SDK {version('sagemaker')}: its own integration tests and notebooks")
    if not checkout.exists():
        print(f"no checkout at {checkout}: clone the repository there, or name another with --checkout=DIR")
    else:
        report(list(_sdk(checkout)))


def report(outcomes: list[Outcome]) -> None:
    """Print a line for each test and the rate."""
    for one in outcomes:
        print(
            f"{'FAILED' if one.reason else 'passed'}  {one.name}" + (f": {one.reason}" if one.reason else "")
        )
    passed = sum(not one.reason for one in outcomes)
    print(f"{passed} of {len(outcomes)} passed ({passed / len(outcomes):.0%})\n", flush=True)


def _sdk(checkout: Path) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as scratch, cloud(Path(scratch) / "home") as url:
        environment = _execution_role(url)
        for path, sha256 in sdk_manifest.RUN.items():
            test = checkout / path
            if not test.exists():
                yield Outcome(path, "is not in this checkout")
                continue
            changed = hashlib.sha256(test.read_bytes()).hexdigest() != sha256
            print(f"-- {path}" + (" (another version than the one last run here)" if changed else ""))
            sdk_manifest.complete(checkout)
            runner = notebook if test.suffix == ".ipynb" else run
            yield from runner(test, environment, Path(scratch))
    for path, (count, reason) in sdk_manifest.CANNOT.items():
        for number in range(count):
            yield Outcome(f"{path} [{number + 1}]", reason)


def run(test: Path, environment: dict[str, str], scratch: Path) -> Iterator[Outcome]:
    """Run one test file in a process of its own; an outcome for each of its tests."""
    found = scratch / "found.xml"
    found.unlink(missing_ok=True)
    options = [
        "--noconftest",
        "--rootdir",
        str(test.parent),
        "-c",
        os.devnull,
        "-p",
        "no:cacheprovider",
        "-q",
    ]
    plugin = ["-p", "tests.conformance.sdk_plugin", "-W", "ignore", f"--junitxml={found}"]
    command = [sys.executable, "-m", "pytest", *options, *plugin, str(test)]
    done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, check=False)
    if not found.exists():
        yield Outcome(test.name, f"pytest ended with status {done.returncode}: {done.stdout[-300:]}")
        return
    for case in ET.parse(found).iter("testcase"):  # noqa: S314 - pytest has just written it
        wrong = [one for kind in ("failure", "error", "skipped") for one in case.findall(kind)]
        reason = (wrong[0].get("message") or "no reason")[:300].replace("\n", " ") if wrong else ""
        yield Outcome(f"{test.name}::{case.get('name')}", reason)


def notebook(path: Path, environment: dict[str, str], scratch: Path) -> Iterator[Outcome]:
    """Run the code cells of a notebook one after the other in its folder; one outcome for all of them."""
    cells = [one["source"] for one in json.loads(path.read_text())["cells"] if one["cell_type"] == "code"]
    script = scratch / "notebook.py"
    script.write_text("\n\n".join(["import tests.conformance.sdk_plugin", *map("".join, cells)]))
    command = [sys.executable, str(script)]
    done = subprocess.run(
        command, cwd=path.parent, env=environment, capture_output=True, text=True, check=False
    )
    lines = done.stderr.strip().splitlines()
    yield Outcome(path.name, (lines[-1] if lines else "no reason")[:300] if done.returncode else "")


@contextmanager
def cloud(home: Path) -> Iterator[str]:
    """A local cloud for as long as the block runs; its address."""
    started = launcher.start(home, launcher.free_port(0), Options())
    try:
        yield started.endpoint_url
    finally:
        launcher.stop(home)


def _execution_role(url: str) -> dict[str, str]:
    """The environment of somebody who works in the role SageMakerRole, as the SDK's tests ask for."""
    place = {"AWS_ENDPOINT_URL": url, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    session = boto3.Session(
        region_name=place["AWS_REGION"],
        aws_access_key_id="1" * 12,
        aws_secret_access_key="local",  # noqa: S106 - no signature is checked
    )
    iam = session.client("iam", endpoint_url=url)
    trust, grants = _policy(_EVERYONE, _SERVICE), _policy(_EVERYTHING)
    role = iam.create_role(RoleName="SageMakerRole", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="SageMakerRole", PolicyName="everything", PolicyDocument=grants)
    sts = session.client("sts", endpoint_url=url)
    keys = sts.assume_role(RoleArn=role, RoleSessionName="SageMaker")["Credentials"]
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **place,
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONPATH": str(ROOT),
    }


def _policy(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
