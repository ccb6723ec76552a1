"""`cdk synth` without credentials and network: time and CPU beside a one-bucket app; byte-identical twice."""

import hashlib
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench.measure import Cost, cost_of

ROUNDS = 3
CDK = ["node", "node_modules/aws-cdk/bin/cdk", "synth", "--quiet", "--no-notices"]
ONE_BUCKET = """
import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
app = cdk.App(); s3.Bucket(cdk.Stack(app, "Peer"), "Bucket"); app.synth()
"""


def main() -> None:
    """Interleave the variants and print medians and ratios."""
    isolated = _no_network()
    with tempfile.TemporaryDirectory() as scratch:
        peer = Path(scratch) / "peer.py"
        peer.write_text(ONE_BUCKET)
        variants = {
            "one-bucket app (peer)": ([*CDK, "--app", f"{sys.executable} {peer}"], "false"),
            "Bertline": (CDK, "false"),
            "Bertline with the governance gate": (CDK, "true"),
        }
        costs: dict[str, list[Cost]] = {name: [] for name in variants}
        trees: list[str] = []
        for turn in range(ROUNDS):
            for name, (command, governed) in variants.items():
                out = Path(scratch) / f"{name}-{turn}".replace(" ", "-")
                environment = _bare_environment(governed)
                costs[name].append(cost_of([*isolated, *command, "--output", str(out)], environment))
                if name == "Bertline":
                    trees.append(_hash(out))
    print(
        f"network: {'cut off (unshare)' if isolated else 'not cut off (no unshare here)'}; credentials: none"
    )
    _print(costs)
    same = "byte-identical" if len(set(trees)) == 1 else "DIFFERENT"
    print(f"{ROUNDS} synths of Bertline are {same}: {trees[0][:16]}")


def _print(costs: dict[str, list[Cost]]) -> None:
    floor = statistics.median(cost.cpu for cost in costs["one-bucket app (peer)"])
    print(f"{'':36}{'wall s':>8}{'CPU s':>8}{'x peer':>8}{'peak MiB':>10}   (medians of {ROUNDS})")
    for name, found in costs.items():
        cpu = statistics.median(cost.cpu for cost in found)
        wall = statistics.median(cost.wall for cost in found)
        peak = statistics.median(cost.peak for cost in found)
        print(f"{name:36}{wall:8.1f}{cpu:8.1f}{cpu / floor:8.2f}{peak:10.0f}")


def _bare_environment(governed: str) -> dict[str, str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    tools = f"{Path(sys.executable).parent}{os.pathsep}{bare['PATH']}"
    files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    switches = {"CDK_VALIDATION": governed, "BERTLINE_GOVERNANCE": "on" if governed == "true" else "off"}
    return {**bare, **files, **switches, "PATH": tools, "CDK_DISABLE_CLI_TELEMETRY": "true"}


def _no_network() -> list[str]:
    """A prefix that runs a command in a network namespace without any interface, where Linux allows it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return []
    for flags in (["-n"], ["-rn"]):
        try:
            cost_of([unshare, *flags, "true"])
        except RuntimeError:
            continue
        return [unshare, *flags]
    return []


def _hash(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        whole.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()
