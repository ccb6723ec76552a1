"""The table of what is served is the one that the code gives, and its notes are about what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from local_cloud.sagemaker import coverage, coverage_table

from .kinds import KINDS, method

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "python -m local_cloud.sagemaker.coverage_table > docs/sagemaker-coverage.md"


def test_the_table_in_the_docs_is_up_to_date() -> None:
    found = coverage_table.table() + "\n"
    assert (ROOT / "docs" / "sagemaker-coverage.md").read_text() == found, f"run {COMMAND}"


def test_notes_are_about_operations_that_are_served() -> None:
    notes = tomllib.loads((ROOT / "local_cloud" / "sagemaker" / "coverage.toml").read_text())
    coverage_table.table()
    served = {name for name, how in coverage.implemented().items() if how != "refused"}
    assert sorted(set(notes["differs"]) - served) == []


def test_every_operation_that_is_served_has_a_case() -> None:
    """By its name in the text of a case, or as one of a kind's operations, which the cases of kinds run."""
    coverage_table.table()
    served = {name for name, how in coverage.implemented().items() if how != "refused"}
    of_kinds = {kind.operation(verb) for kind in KINDS for verb in ("Create", "Describe", "List", "Delete")}
    text = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert sorted(name for name in served - of_kinds if not re.search(rf"\b{method(name)}\b", text)) == []
