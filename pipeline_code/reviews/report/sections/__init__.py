"""The sections of the report, in the order of the page. Each is a function of the four inputs."""

from __future__ import annotations

from collections.abc import Callable

from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.sections import (
    baselines,
    calibration,
    classes,
    confusion,
    constraints,
    data,
    errors,
    examples,
    labels,
    must_pass,
    provenance,
    rules,
    slices,
    training,
    verdict,
)

ORDER: tuple[Callable[[Pieces], Section], ...] = (
    verdict.section,
    rules.section,
    baselines.section,
    slices.section,
    calibration.section,
    confusion.section,
    classes.section,
    errors.section,
    must_pass.section,
    examples.section,
    data.section,
    constraints.section,
    labels.section,
    training.section,
    provenance.section,
)


def build(pieces: Pieces) -> list[Section]:
    """Every section of the page."""
    return [section(pieces) for section in ORDER]
