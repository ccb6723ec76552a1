"""The few examples that every model must get right."""

from __future__ import annotations

from pipeline_code.reviews.report.section import Pieces, Section


def section(pieces: Pieces) -> Section:
    """Failed must-pass examples with their texts; one failure refuses the model."""
    found = pieces.part("must_pass")
    total, failures = found.get("examples") or 0, found.get("failures") or []
    title = "Examples that must be right"
    if not total:
        return Section("must_pass", title, ["The contract names no examples that must be right."])
    if not failures:
        return Section("must_pass", title, [f"All {total} are right."])
    sentences = [f"{len(failures)} of {total} are wrong, and one is enough to refuse a model."]
    return Section("must_pass", title, sentences, {"examples": total, "failures": failures})
