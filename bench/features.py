"""Features: Prepare beside the course's way and `datasets.map`, in turn, each in a process of its own."""

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from bench.features_input import write_input
from bench.measure import ROOT
from bertline.paths import HOME

FOLDER = HOME / "bench-features"
REQUIREMENTS = ("transformers==4.57.6", "pandas==3.1.1", "datasets==5.0.1", "scikit-learn==1.9.1")
ROUNDS = {1_000: 3, 10_000: 3, 100_000: 2, 1_000_000: 1}
COURSE_ROWS = 100_000  # above, the course's way takes half an hour and many GB
FASTER, SMALLER, FLAT = 10, 20, 0.2

Costs = dict[str, dict[str, float]]


def main() -> None:
    """Measure at each number of rows, and print figures and ratios."""
    peers = _peers_python()
    found = {rows: _measure(rows, peers) for rows in ROUNDS}
    _verdicts(found)


def _peers_python() -> str:
    """The Python of the peers' environment, which is made once: transformers 5 has no slow tokenizer."""
    folder = FOLDER / "peers"
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        print(f"Making the peers' environment in {folder} (once; about 750 MB)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        print(f"Installing {', '.join(REQUIREMENTS)}", flush=True)
        quiet = ["--quiet", "--progress-bar", "off", "--disable-pip-version-check"]
        subprocess.run([str(python), "-m", "pip", "install", *quiet, *REQUIREMENTS], check=True)
        ready.touch()
    return str(python)


def _measure(rows: int, peers: str) -> Costs:
    """Run all ways in turn, several times, and print the medians."""
    given = write_input(FOLDER / f"rows-{rows}", rows)
    commands = _commands(rows, peers)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for _ in range(ROUNDS[rows]):
        for name, command in commands.items():
            runs[name].append(_run([*command, str(given)]))
    costs = {name: _median(several) for name, several in runs.items()}
    title = f"{rows:,} texts, median of {ROUNDS[rows]}"
    print(
        f"{title:34}{'texts/s':>10}{'/CPU s':>10}{'x course':>10}{'peak MiB':>10}{'file MB':>9}{'smaller':>9}"
    )
    for name, cost in costs.items():
        faster, smaller = _ratios(cost, costs.get("the course's way"))
        print(
            f"{name:34}{rows / cost['wall']:10,.0f}{rows / cost['cpu']:10,.0f}{faster:>10}"
            f"{cost['peak']:10.0f}{cost['bytes'] / 1e6:9.2f}{smaller:>9}",
            flush=True,
        )
    return costs


def _commands(rows: int, peers: str) -> dict[str, list[str]]:
    ours = [sys.executable, "-m", "bench.features_worker"]
    theirs = [peers, str(Path(__file__).with_name("features_peers.py"))]
    commands = {"Prepare": [*ours, "tokenizers"]}
    if importlib.util.find_spec("nanotoken"):
        commands["Prepare with nanotoken"] = [*ours, "nanotoken"]
    if rows <= COURSE_ROWS:
        commands["the course's way"] = [*theirs, "course"]
    commands["datasets.map, batched"] = [*theirs, "datasets.map"]
    return commands


def _run(command: list[str]) -> dict[str, float]:
    out = FOLDER / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(FOLDER / "hub")}
    answer = subprocess.run(
        [*command, str(out)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise RuntimeError(
            f"{' '.join(command)} ended with status {answer.returncode}:\n{answer.stderr[-2000:]}"
        )
    cost: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return cost


def _median(several: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(cost[name] for cost in several) for name in several[0]}


def _ratios(cost: dict[str, float], course: dict[str, float] | None) -> tuple[str, str]:
    """How much faster in wall time, and how much smaller, than the course's way."""
    if course is None:
        return "", ""
    return f"{course['wall'] / cost['wall']:.1f}", f"{course['bytes'] / cost['bytes']:.1f}"


def _verdicts(found: dict[int, Costs]) -> None:
    ours, course = found[COURSE_ROWS]["Prepare"], found[COURSE_ROWS]["the course's way"]
    wall, cpu = course["wall"] / ours["wall"], course["cpu"] / ours["cpu"]
    smaller = course["bytes"] / ours["bytes"]
    grown = found[max(found)]["Prepare"]["peak"] / ours["peak"] - 1
    print(f"the course's way: up to {COURSE_ROWS:,} texts. Texts repeat, each time with another number,")
    print("which favours every cache and compression; the smaller the set, the fewer repeat")
    faster = f"{cpu:.1f} times the course's texts per CPU second, {wall:.1f} times per second"
    _verdict(faster, f">= {FASTER} per CPU second", cpu >= FASTER)
    _verdict(f"{smaller:.1f} times smaller files", f">= {SMALLER}", smaller >= SMALLER)
    _verdict(f"{grown:+.0%} peak memory for {max(found):,} texts", f"within {FLAT:.0%}", abs(grown) <= FLAT)


def _verdict(text: str, wanted: str, holds: bool) -> None:
    print(f"{text} (wanted: {wanted}): {'yes' if holds else 'NO'}", flush=True)
