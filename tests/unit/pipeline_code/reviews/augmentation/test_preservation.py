"""An operator is proven by what a teacher says of the rewritten texts, if there are enough of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.augmentation import OPERATORS
from pipeline_code.reviews.augmentation.preservation import LEAST_ROWS, preservation_test
from pipeline_code.reviews.contract import read_contract

CONTRACT = read_contract(
    Path(__file__).resolve().parents[5] / "config" / "contracts" / "amazon-snippets.toml"
)
ROWS = 400
LABELS = np.arange(ROWS, dtype=np.int64) % 3


def answers(class_ids: np.ndarray, sure: float = 0.8) -> np.ndarray:
    """Probabilities [rows, 3] with most on one class."""
    found = np.full((len(class_ids), 3), (1 - sure) / 2)
    found[np.arange(len(class_ids)), class_ids] = sure
    return found


def outcome(
    name: str, after: np.ndarray, *, before: np.ndarray | None = None, rows: int = ROWS
) -> dict[str, Any]:
    return preservation_test(
        OPERATORS[name],
        CONTRACT,
        changed=np.arange(rows),
        groups=[str(row // 4) for row in range(ROWS)],
        labels=LABELS,
        before=answers(LABELS) if before is None else before,
        after=after,
        samples=500,
        seed=1,
    )


@pytest.mark.parametrize(("lost", "proven"), [(0, True), (16, True), (40, False), (80, False)])
def test_a_teacher_that_keeps_its_answers_proves(lost: int, proven: bool) -> None:
    after = LABELS.copy()
    after[:: ROWS // lost if lost else ROWS + 1] += 1
    after = after % 3 if lost else LABELS
    found = outcome("typos", answers(after))
    assert found["proven"] is proven
    assert found["words"].startswith("proven" if proven else "not proven")
    assert found["share"]["value"] == pytest.approx(1 - lost / ROWS)


def test_what_the_teacher_got_wrong_already_does_not_count() -> None:
    before = answers(np.where(np.arange(ROWS) % 2, (LABELS + 1) % 3, LABELS))
    after = answers(np.where(np.arange(ROWS) % 2, (LABELS + 2) % 3, LABELS))
    found = outcome("typos", after, before=before)
    assert found["judged"] == ROWS // 2
    assert found["proven"]


def test_few_texts_prove_nothing() -> None:
    found = outcome("typos", answers(LABELS), rows=LEAST_ROWS - 1)
    assert not found["proven"]
    assert found["share"] is None
    assert "needed" in found["words"]


def test_a_flip_has_to_move_the_teacher_towards_the_opposite_class() -> None:
    towards = answers(LABELS, sure=0.6)
    towards[LABELS == 0] = [0.6, 0.1, 0.3]
    towards[LABELS == 2] = [0.3, 0.1, 0.6]
    found = outcome("negation_flip", towards)
    assert found["judged"] == int((LABELS != 1).sum())
    assert found["proven"]
    assert not outcome("negation_flip", answers(LABELS, sure=0.9))["proven"]
