"""Figures of each class."""

from __future__ import annotations

from typing import Any

from pipeline_code.reviews.report.dots import Row, dot_chart
from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import number

_METRICS = {"precision": "Precision", "recall": "Recall"}


def section(pieces: Pieces) -> Section:
    """Precision, recall, F1, PR-AUC and support, with intervals where they are known."""
    people = pieces.people.get("1", {}).get("recall") or {}
    rows = [_row(name, pieces.evaluation["classes"][name], people.get(name)) for name in pieces.names]
    sentences = [
        "Precision: of the texts it gives a class, the share that people gave it too. Recall: of the "
        "texts that "
        "people gave a class, the share it finds. F1 is high only if both are.",
        "PR-AUC says how well its certainty ranks the texts of a class above all others; at random it is the "
        "class's share of the texts.",
    ]
    if not any(row["pr_auc"] for row in rows):
        sentences[1] = "PR-AUC was not computed."
    if people:
        sentences.append("Rings in the chart of recall are one person's.")
    charts = {metric: _chart(rows, metric, shown) for metric, shown in _METRICS.items()}
    return Section("classes", "Class by class", sentences, {"rows": rows}, {"metrics": charts})


def _row(name: str, one: dict[str, Any], human: float | None) -> dict[str, Any]:
    kept = ("precision", "recall", "f1", "support", "precision_interval", "recall_interval", "pr_auc")
    return {"name": name, **{key: one.get(key) for key in kept}, "human_recall": human}


def _chart(rows: list[dict[str, Any]], metric: str, shown: str) -> dict[str, Any]:
    placed = [
        Row(
            row["name"],
            row[metric],
            number(row[metric], 2),
            row[f"{metric}_interval"],
            strong=True,
            beside=row["human_recall"] if metric == "recall" else None,
        )
        for row in rows
    ]
    return dot_chart(placed, f"{shown} of each class")
