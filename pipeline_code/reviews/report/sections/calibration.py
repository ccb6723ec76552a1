"""Whether the model's certainty is honest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_code.reviews.report.reliability import reliability_chart
from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import number, of_hundred


def section(pieces: Pieces) -> Section:
    """The reliability diagram with counts, calibration error and Brier score, before and after tempering."""
    found = pieces.part("calibration")
    title = "Is its certainty honest?"
    if not found.get("bins"):
        error = pieces.evaluation.get("calibration_error")
        known = "" if error is None else f" Calibration error {number(error)}; 0 is honest."
        return Section("calibration", title, [f"The reliability of its certainty was not drawn.{known}"])
    figures = {
        "ece": found["ece"],
        "brier": found["brier"],
        "temperature": found.get("temperature"),
        "uncalibrated": found.get("uncalibrated"),
        "bins": found["bins"],
    }
    chart = reliability_chart(found["bins"], "How often answers were right, by how sure the model was")
    return Section("calibration", title, list(_sentences(found)), figures, {"reliability": chart})


def _sentences(found: dict[str, Any]) -> Iterator[str]:
    held = [one for one in found["bins"] if one["count"]]
    if held:
        fullest = max(held, key=lambda one: int(one["count"]))
        yield (
            f"Where it says that it is about {of_hundred(fullest['confidence'])} % sure "
            f"({fullest['count']} texts), "
            f"it is right {of_hundred(fullest['accuracy'])} times of 100."
        )
    yield (
        "On the dashed line certainty is honest; below it the model is surer than it may be. Bars "
        "count the texts."
    )
    temperature, before = found.get("temperature"), found.get("uncalibrated")
    if temperature is None or not before:
        yield "No temperature was fitted."
    else:
        yield (
            f"A temperature of {number(temperature, 2)}, fitted on validation and shipped with the "
            "model, moved the "
            f"calibration error from {number(before['ece'])} to {number(found['ece']['value'])} and "
            "the Brier score "
            f"from {number(before['brier'])} to {number(found['brier']['value'])}; lower is better."
        )
