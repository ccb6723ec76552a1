"""How training went."""

from __future__ import annotations

from typing import Any

from pipeline_code.reviews.report.charts import curve_chart
from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import count

_CHARTS = (
    ("Loss", {"train": "train_loss", "validation": "validation_loss"}),
    ("Validation", {"accuracy": "validation_accuracy", "macro-F1": "validation_macro_f1"}),
)


def section(pieces: Pieces) -> Section:
    """Loss and validation figures by epoch."""
    model = pieces.evaluation["model"]
    training = model["training"]
    validated = bool(training["examples"]["validation"])
    best = ", the best on validation" if validated else ""
    sentences = [
        f"{training['examples']['train']} examples, {model['hyperparameters']['epochs']} epochs on "
        f"{training['device']} "
        f"in {training['precision']}, {count(training['hosts'], 'host')}. The weights are those of epoch "
        f"{training['best_epoch']}{best}."
    ]
    if not validated:
        sentences.append("There was no validation: overfitting would not have been seen.")
    return Section(
        "training",
        "Training",
        sentences,
        {"history": training["history"]},
        {"curves": _curves(training["history"])},
    )


def _curves(history: list[dict[str, float]]) -> list[dict[str, Any]]:
    found = []
    for title, series in _CHARTS:
        lines = {
            label: [(item["epoch"], item[key]) for item in history if key in item]
            for label, key in series.items()
        }
        lines = {label: points for label, points in lines.items() if points}
        if lines:
            found.append(curve_chart(title, lines))
    return found
