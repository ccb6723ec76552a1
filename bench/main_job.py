"""The main job from nothing: wall time and peak memory of `bertline demo`, twice."""

import os
import shutil
import sys
from pathlib import Path

from bench.measure import ROOT, cost_of

DEMO = [sys.executable, "-m", "bertline", "demo"]


def main() -> None:
    """Run the demo with an empty .bertline/cloud, then again; the downloads are kept."""
    stop = [sys.executable, "-m", "bertline", "down"]
    cost_of(stop)
    shutil.rmtree(ROOT / ".bertline" / "cloud", ignore_errors=True)
    log = ROOT / ".bertline" / "bench-main-job.log"
    log.parent.mkdir(exist_ok=True)
    print(f"{os.cpu_count()} cores; the output of each run is in {log}")
    print(f"{'':28}{'wall s':>8}{'peak MiB':>10}")
    for name in ("first demo", "second demo, what is equal reused"):
        cost = cost_of(DEMO, log=log)
        print(f"{name:28}{cost.wall:8.1f}{cost.peak:10.0f}", flush=True)
        _phases(log)
    cost_of(stop)


def _phases(log: Path) -> None:
    """The demo's own table of phases."""
    text = log.read_text(errors="replace")
    for line in text[text.rindex("\ndone ") + 1 :].splitlines()[1:]:
        if line.strip().endswith("in all"):
            break
        print(f"    {line.strip()}")
