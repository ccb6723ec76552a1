"""A local cloud of the test's own, with the platform deployed to it and a slice of the real data uploaded."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bertline import platform, samples, uploads
from bertline.platform import Platform
from bertline.target import Target

ROOT = Path(__file__).resolve().parents[2]
_FLOORS = (
    "macro_f1|macro_f1_margin_over_tfidf|negative|neutral|positive|human_recall_share|critical_slice_floor"
)
FLOORS = re.compile(rf"^({_FLOORS}) = .*$", re.MULTILINE)
# What a busy machine or a small test split would turn into a refusal by chance.
CHANCE = re.compile(r"^(max_calibration_error|slice_margin|margin) = .*$", re.MULTILINE)
CLOCK = re.compile(r"^(p95_ms|memory_mb|cost_per_1000) = .*\n", re.MULTILINE)


def local_cloud(*arguments: str) -> str:
    """Run `python -m local_cloud`; its output, or an error that has it."""
    done = subprocess.run(
        [sys.executable, "-m", "local_cloud", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def target_of(home: Path) -> Target:
    state = json.loads((home / "cloud.json").read_text())
    return Target("local", state["region"], state["endpoint_url"], state["account"])


@contextmanager
def running(home: Path) -> Iterator[Target]:
    """A local cloud that enforces permissions and is down again, with all it ran, at the end."""
    local_cloud("up", "--auth", "--home", str(home))
    try:
        yield target_of(home)
    finally:
        local_cloud("down", "--home", str(home))
    assert processes_of(home) == []


def processes_of(home: Path) -> list[str]:
    """Living processes that work for this local cloud: their command or their folder says so."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), process.cwd()]
            if process.status() != psutil.STATUS_ZOMBIE and any(str(home) in word for word in told):
                found.append(f"{process.pid} {' '.join(told)}")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def synthesise(out: Path) -> Path:
    """The cloud assembly of the dev environment."""
    variables = {**os.environ, "CDK_VALIDATION": "false", "CDK_OUTDIR": str(out)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**variables, "PATH": path},
        check=True,
        timeout=180,
        capture_output=True,
    )
    return out


def slice_of_reviews(folder: Path, reviews: int) -> Path:
    """The sentences of the first so many reviews of the default data."""
    folder.mkdir(parents=True)
    for source in samples.fetch(samples.REVIEWS).iterdir():
        lines = source.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if _review(line) <= reviews]
        (folder / source.name).write_bytes(b"".join(kept))
    return folder


def _review(line: bytes) -> int:
    found = re.match(rb"\D*(\d+)_", line)
    assert found, line[:20]
    return int(found[1])


def lenient_contract(folder: Path) -> Path:
    """The default contract with bounds that a model trained on a slice can keep."""
    folder.mkdir(parents=True)
    text = (ROOT / "config" / "contracts" / "amazon-snippets.toml").read_text()
    text = CLOCK.sub("", CHANCE.sub(r"\1 = 1.0", FLOORS.sub(r"\1 = 0.0", text)))
    (folder / "contract.toml").write_text(text)
    return folder


def upload_inputs(target: Target, place: Platform, scratch: Path, reviews: int) -> dict[str, str]:
    """Upload slice, encoder and contract; the pipeline parameters that point there."""
    s3 = target.client("s3")
    data = uploads.upload(s3, slice_of_reviews(scratch / "slice", reviews), place.raw_bucket, "reviews")
    encoder = uploads.upload(s3, samples.fetch(samples.ENCODER), place.raw_bucket, "encoder")
    contract = uploads.upload(s3, lenient_contract(scratch / "contract"), place.raw_bucket, "contracts")
    return {"InputData": data.uri, "EncoderUri": encoder.uri, "ContractUri": contract.uri}


def deployed(home: Path, assembly: Path) -> Platform:
    """Deploy an assembly without the CDK command line and find the platform."""
    local_cloud("deploy", str(assembly), "--home", str(home))
    return platform.find(target_of(home), "dev")
