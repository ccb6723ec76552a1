"""Random kill -9 of server, jobs, guards and endpoint workers: nothing acknowledged may be lost."""

import contextlib
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.kills_data import Messages, Objects, Records
from bench.kills_platform import Executions, Invocations, Stacks
from bench.kills_work import Gate, Work
from bench.kills_world import World
from local_cloud import launcher

KILLS, SEED = 200, 20261125
KINDS = ("server", "starting server", "job", "guard", "endpoint worker")
WORKS: tuple[type[Work], ...] = (Objects, Records, Messages, Invocations, Executions, Stacks)
_LONGEST_PAUSE_S = 0.8
_SEEK_S, _SEEK_EVERY_S = 60.0, 0.1


@dataclass
class Report:
    """What came of it."""

    kills: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[str, str]] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    seconds: float = 0.0

    def lines(self) -> list[str]:
        """The table."""
        wrong = Counter(kind for kind, _ in self.violations)
        table = [f"{'killed':<16} {'kills':>6} {'violations':>11}"]
        table += [f"{kind:<16} {self.kills[kind]:>6} {wrong[kind]:>11}" for kind in (*KINDS, "at the end")]
        table.append(f"{'all':<16} {self.kills.total():>6} {len(self.violations):>11}")
        table += [f"  after {kind}: {text}" for kind, text in self.violations[:40]]
        done = ", ".join(f"{work.done} {work.name.lower()}" for work in self.works)
        table.append(f"acknowledged meanwhile: {done}")
        if self.restarts:
            middle, longest = statistics.median(self.restarts), max(self.restarts)
            table.append(f"restart with state: median {middle:.2f} s, longest {longest:.2f} s")
        table.append(f"{self.seconds:.0f} s in all")
        return table


def main() -> None:
    """Kill 200 times and print a table; exit code 1 when something was lost, left or damaged."""
    with tempfile.TemporaryDirectory() as folder:
        report = run(Path(folder), KILLS, SEED, progress=True)
    print("\n".join(report.lines()))
    if report.violations:
        sys.exit(1)


def run(folder: Path, kills: int, seed: int, *, progress: bool = False) -> Report:
    """Kill so many times while all kinds of work go on; the same seed draws the same kinds and moments."""
    begin, report = time.monotonic(), Report()
    chance = random.Random(seed)  # noqa: S311 - moments, not secrets
    world = World(folder)
    try:
        world.furnish()
        gate = Gate()
        report.works = [kind(world, gate, seed + number) for number, kind in enumerate(WORKS)]
        for work in report.works:
            work.start()
        for number in range(kills):
            time.sleep(chance.uniform(0.0, _LONGEST_PAUSE_S))
            # The first kills are one of each kind, so that few are enough for all.
            kind = KINDS[number % len(KINDS)] if number < len(KINDS) else chance.choice(KINDS)
            found = _kill(world, gate, report, kind, chance)
            report.violations += [(kind, text) for text in found]
            if progress and (number + 1) % 10 == 0:
                lost = len(report.violations)
                print(f"{number + 1} kills, {lost} violations, {time.monotonic() - begin:.0f} s", flush=True)
        report.violations += [("at the end", text) for text in _finish(world, gate, report)]
    finally:
        with contextlib.suppress(launcher.LaunchError):
            launcher.stop(world.home)
    report.violations += [("at the end", f"orphan {one}") for one in world.orphans()]
    report.seconds = time.monotonic() - begin
    return report


def _kill(world: World, gate: Gate, report: Report, kind: str, chance: random.Random) -> list[str]:
    victims, deadline = world.victims()[kind], time.monotonic() + _SEEK_S
    while not victims and time.monotonic() < deadline:
        time.sleep(_SEEK_EVERY_S)
        victims = world.victims()[kind]
    if not victims:
        return [f"there was no {kind} to kill for {_SEEK_S:.0f} s"]
    victim = chance.choice(victims)
    report.kills[kind] += 1
    world.kill(victim)
    if kind not in ("server", "starting server"):
        return []
    starting = chance.uniform(0.0, report.restarts[-1] if report.restarts else 1.0)
    return _after_server(world, gate, report, victim, starting if kind == "starting server" else None)


def _after_server(world: World, gate: Gate, report: Report, victim: int, starting: float | None) -> list[str]:
    """Check everything after a restart; `starting` kills a first successor after so many seconds."""
    with gate.held():
        world.wait_for_end(victim)
        if starting is not None:
            world.start_and_kill(starting)
        wrong = [f"orphan {one}" for one in world.orphans()]
        wrong += [f"database: {text}" for text in world.damage()]
        begin = time.monotonic()
        world.start()
        report.restarts.append(time.monotonic() - begin)
        return wrong + [text for work in report.works for text in work.check()]


def _finish(world: World, gate: Gate, report: Report) -> list[str]:
    gate.over = True
    for work in report.works:
        work.join(timeout=90)
    return [text for work in report.works for text in work.check_all()]


if __name__ == "__main__":
    main()
