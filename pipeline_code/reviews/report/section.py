"""What the report is made of: the reports of the run, and a section as sentences, figures and charts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Pieces:
    """The four inputs of a report.

    `evaluation` is the content of evaluation.json, `validation` that of validation.json, `prepare` the merged
    reports of Prepare, `mistakes` the hardest misclassified rows: review_id, text, label, predicted and
    confidence each, where known also tags and human (one person's chance of being right).
    """

    evaluation: dict[str, Any]
    validation: dict[str, Any]
    prepare: dict[str, Any]
    mistakes: list[dict[str, Any]]

    def part(self, name: str) -> Any:
        """A part of evaluation.json; an empty dictionary if it is missing, null or empty."""
        return self.evaluation.get(name) or {}

    @property
    def names(self) -> list[str]:
        """The classes, in the contract's order."""
        return list(self.evaluation["confusion_matrix"]["labels"])

    @property
    def people(self) -> dict[str, Any]:
        """Human level by number of raters ("1", "3" ...); empty if it is not known."""
        found: dict[str, Any] = self.part("human").get("levels") or {}
        return dict(sorted(found.items(), key=lambda item: int(item[0])))


@dataclass(frozen=True)
class Section:
    """One section of the page: what report.json holds of it, and the charts that are drawn from that.

    A section without figures consists of its sentences, which say what is missing.
    """

    id: str
    title: str
    sentences: list[str]
    figures: dict[str, Any] = field(default_factory=dict)
    charts: dict[str, Any] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """As an entry of report.json."""
        return {"id": self.id, "title": self.title, "sentences": self.sentences, "figures": self.figures}
