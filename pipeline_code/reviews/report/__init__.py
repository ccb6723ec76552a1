"""The evaluation report: one self-contained page for people who may read the reviews; the same as data."""

from __future__ import annotations

from typing import Any

from pipeline_code.reviews.report.page import page
from pipeline_code.reviews.report.section import Pieces
from pipeline_code.reviews.report.sections import build

__all__ = ["render", "report_json"]


def render(
    evaluation: dict[str, Any],
    validation: dict[str, Any],
    prepare: dict[str, Any],
    mistakes: list[dict[str, Any]],
) -> str:
    """Render report.html. Parts of the evaluation that are missing are said to be missing.

    Parameters
    ----------
    evaluation, validation
        Contents of evaluation.json and validation.json.
    prepare
        The merged reports of Prepare's hosts.
    mistakes
        The hardest misclassified rows, with their texts; see `Pieces`.
    """
    return page(build(Pieces(evaluation, validation, prepare, mistakes)))


def report_json(
    evaluation: dict[str, Any],
    validation: dict[str, Any],
    prepare: dict[str, Any],
    mistakes: list[dict[str, Any]],
) -> dict[str, Any]:
    """The content of report.html as data: the sections in its order, each with its sentences and figures."""
    sections = build(Pieces(evaluation, validation, prepare, mistakes))
    return {"passed": evaluation["gate"]["passed"], "sections": [section.data() for section in sections]}
