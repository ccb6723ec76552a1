"""Which grant is needed by what: every statement, action and resource of every role, removed one by one.

Each is removed from the live policy on a local cloud that enforces permissions, and the steps, functions or
endpoint that use the role run again. What `python -m bench grants` has found stays in
.bertline/bench-grants.jsonl, so that an interrupted run goes on where it was. With `--print` it only prints
that, and with `--only=ROLE` it tries the grants of that role.
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
from bench.grants_trials import trial_of
from bench.grants_world import Failure, Grant, World, shown, world
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
        An action or a resource, or `EVERYTHING`.
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
        wanted = [word.removeprefix("--only=") for word in sys.argv if word.startswith("--only=")]
        chosen = [one for one in made.grants() if not wanted or one.who in wanted]
        for grant, part in _removals(chosen):
            row = _row(grant, part)
            if row.key in known:
                continue
            begin = time.perf_counter()
            found = _try(made, grant, part, row)
            with RESULTS.open("a") as file:
                file.write(json.dumps(asdict(found)) + "\n")
            what = f"{found.role}: {found.removed} of {found.actions} {found.where}"
            named = found.named or found.told
            print(f"{time.perf_counter() - begin:5.1f} s  {what}: {found.outcome}: {named}", flush=True)


def _removals(grants: list[Grant]) -> Iterator[tuple[Grant, str | None]]:
    """Every statement, then every action and every resource of those that have several."""
    yield from ((grant, None) for grant in grants)
    for several in ("actions", "resources"):
        for grant in grants:
            parts = getattr(grant, several)
            if len(parts) > 1:
                yield from ((grant, part) for part in parts)


def _row(grant: Grant, part: str | None) -> Row:
    removed = EVERYTHING if part is None else shown(part) if part.startswith("arn:") else part
    return Row(grant.who, ", ".join(grant.actions), grant.where, removed)


def _try(made: World, grant: Grant, part: str | None, row: Row) -> Row:
    before = len(made.log())
    trial = trial_of(grant.who)
    with made.without(grant, part):
        failure = trial(made, grant, part)
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
    statements = [row for row in rows if row.removed == EVERYTHING]
    parts = [row for row in rows if row.removed != EVERYTHING]
    actions = [row for row in parts if row.removed in row.actions.split(", ")]
    resources = [row for row in parts if row not in actions]
    _print_table("Statements", statements)
    _print_table("Actions of statements that have several", actions)
    _print_table("Resources of statements that have several", resources)


def _print_table(title: str, rows: list[Row]) -> None:
    proven = sum(bool(row.named or row.told) for row in rows)
    print(f"\n### {title}\n")
    print(f"{len(rows)} removed one by one; {proven} are named by what then fails or goes without.\n")
    print("| role | removed | what then happens | it names |")
    print("|---|---|---|---|")
    for row in sorted(rows, key=lambda row: row.key):
        what = row.actions if row.removed == EVERYTHING else row.removed
        where = f" on {row.where}" if row.where else ""
        named = row.named or row.told or f"({_why(row)})"
        print(f"| {row.role} | {what}{where} | {row.outcome} | {named} |")


def _why(row: Row) -> str:
    """Why no action is named: a refused HEAD has no words, or nothing was refused."""
    if row.step and ("(403)" in row.reason or "download_and_extract" in row.reason):
        return "403 without words: HeadObject"
    return reason_of(row.role, row.removed, row.actions)
