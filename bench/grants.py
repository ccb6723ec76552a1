"""Which grant is needed by what: every statement of every role, and every action, removed one by one.

Each is removed from the live policy on a local cloud that enforces permissions, and the steps, functions or
endpoint that use the role run again. `python -m bench grants` takes about an hour; what it has found stays in
.bertline/bench-grants.jsonl, so that an interrupted run goes on where it was, and `--print` only prints that.
"""

import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.grants_reasons import reason_of
from bench.grants_trials import Failure, trial_of
from bench.grants_world import Grant, World, world
from bench.measure import ROOT

RESULTS = ROOT / ".bertline" / "bench-grants.jsonl"
HOME = ROOT / ".bertline" / "bench-grants"
_REFUSED = re.compile(r"not authorized to perform: ([A-Za-z0-9:-]+:[A-Za-z]+)")
EVERYTHING = "the statement"


@dataclass(frozen=True)
class Row:
    """What came of one removal.

    Parameters
    ----------
    role, actions, where
        The statement: whose, its actions, and what tells it from others with the same actions.
    removed
        An action, or `EVERYTHING`.
    step, named
        What failed and which action was named; "" when all passed.
    told
        Actions that only the log of the server names: what runs without them runs on.
    """

    role: str
    actions: str
    where: str
    removed: str
    step: str = ""
    named: str = ""
    told: str = ""
    reason: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What is removed."""
        return self.role, self.actions, self.where, self.removed

    @property
    def outcome(self) -> str:
        """For the table: what shows that the grant is needed, or why it is there all the same."""
        if self.step:
            return f"{self.step} fails"
        return "all passes, the log of the server tells" if self.told else "all passes"


def main() -> None:
    """Remove, run, put back; print the table."""
    RESULTS.parent.mkdir(exist_ok=True)
    if "--print" not in sys.argv:
        _measure({row.key for row in _rows()})
    _print(_rows())


def _measure(known: set[tuple[str, ...]]) -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch, world(HOME, Path(scratch)) as made:
        for grant, action in _removals(made.grants()):
            row = _row(grant, action)
            if row.key in known:
                continue
            begin = time.perf_counter()
            found = _try(made, grant, action, row)
            with RESULTS.open("a") as file:
                file.write(json.dumps(asdict(found)) + "\n")
            what = f"{found.role}: {found.removed} of {found.actions} {found.where}"
            named = found.named or found.told
            print(f"{time.perf_counter() - begin:5.1f} s  {what}: {found.outcome}: {named}", flush=True)


def _removals(grants: list[Grant]) -> Iterator[tuple[Grant, str | None]]:
    """Every statement, then every action of those that have several."""
    yield from ((grant, None) for grant in grants)
    for grant in grants:
        if len(grant.actions) > 1:
            yield from ((grant, action) for action in grant.actions)


def _row(grant: Grant, action: str | None) -> Row:
    return Row(grant.who, ", ".join(grant.actions), grant.where, action or EVERYTHING)


def _try(made: World, grant: Grant, action: str | None, row: Row) -> Row:
    before = len(made.log())
    trial = trial_of(grant.who)
    with made.without(grant, action):
        failure = trial(made, grant, action)
    told = sorted(set(_REFUSED.findall(made.log()[before:])))
    return Row(**{**asdict(row), **_found(failure, told)})


def _found(failure: Failure | None, told: list[str]) -> dict[str, str]:
    if failure is None:
        return {"told": ", ".join(told)}
    named = _REFUSED.findall(failure.reason)
    return {"step": failure.step, "named": named[0] if named else "", "reason": failure.reason[:600]}


def _rows() -> list[Row]:
    if not RESULTS.is_file():
        return []
    return [Row(**json.loads(line)) for line in RESULTS.read_text().splitlines()]


def _print(rows: list[Row]) -> None:
    for title, chosen in (
        ("Statements", [row for row in rows if row.removed == EVERYTHING]),
        ("Actions of statements that have several", [row for row in rows if row.removed != EVERYTHING]),
    ):
        proven = [row for row in chosen if row.named or row.told]
        print(f"\n### {title}\n")
        print(
            f"{len(chosen)} removed one by one; {len(proven)} are named by what then fails or goes without.\n"
        )
        print("| role | " + ("statement" if title == "Statements" else "action") + " | removed: | names |")
        print("|---|---|---|---|")
        for row in sorted(chosen, key=lambda row: row.key):
            what = row.actions if row.removed == EVERYTHING else row.removed
            where = f" on {row.where}" if row.where else ""
            named = row.named or row.told or reason_of(row.role, row.removed, row.actions)
            print(f"| {row.role} | {what}{where} | {row.outcome} | {named} |")
