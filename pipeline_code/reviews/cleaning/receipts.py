"""What each cleaning rule did: how it was set, how many rows it met, and a few of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_code.reviews.contract import Cleaning

SAMPLES = 3
SAMPLE_CHARACTERS = 160


class Rule(StrEnum):
    """The cleaning rules, as the contract names them, in the order in which they apply."""

    HTML_ENTITIES = "html_entities"
    SHORT_TEXTS = "short_texts"
    FOREIGN_LANGUAGE = "foreign_language"
    CONFLICTING_LABELS = "conflicting_labels"
    EXACT_DUPLICATES = "exact_duplicates"
    NEAR_DUPLICATES = "near_duplicates"


@dataclass
class Receipt:
    """The receipt of one rule."""

    action: str
    rows: int = 0
    samples: list[dict[str, Any]] = field(default_factory=list)
    sampled_rows: list[int] = field(default_factory=list)

    def count(self, file: str, row: int, review_id: str, text: str) -> None:
        """Count one row; the first few are kept as samples."""
        self.rows += 1
        self.sample(file, row, review_id, text)

    def count_rows(self, rows: NDArray[np.uint32]) -> None:
        """Count rows by their numbers; the first few are remembered, to be sampled when they are read."""
        self.rows += len(rows)
        first = np.partition(rows, SAMPLES)[:SAMPLES] if len(rows) > SAMPLES else rows
        self.sampled_rows = sorted([*self.sampled_rows, *first.tolist()])[:SAMPLES]

    def sample(self, file: str, row: int, review_id: str, text: str) -> None:
        """Keep a row as a sample, if there is room."""
        if len(self.samples) < SAMPLES:
            shown = text if len(text) <= SAMPLE_CHARACTERS else text[: SAMPLE_CHARACTERS - 3] + "..."
            self.samples.append({"file": file, "row": row, "review_id": review_id, "text": shown})

    def report(self) -> dict[str, Any]:
        """As it goes to validation.json."""
        return {"action": self.action, "rows": self.rows, "samples": self.samples}


def receipts_of(cleaning: Cleaning) -> dict[Rule, Receipt]:
    """An empty receipt for each rule."""
    return {rule: Receipt(getattr(cleaning, rule.value)) for rule in Rule}
