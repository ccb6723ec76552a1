"""The hardest mistakes, with their texts."""

from __future__ import annotations

from pipeline_code.reviews.report.section import Pieces, Section

_CHARACTERS = 400


def section(pieces: Pieces) -> Section:
    """Wrong answers that the model was surest of, in the order given."""
    mistakes = [
        {
            "review_id": one["review_id"],
            "text": _short(one["text"]),
            "label": one["label"],
            "predicted": one["predicted"],
            "confidence": one["confidence"],
            "tags": list(one.get("tags") or []),
            "human": one.get("human"),
        }
        for one in pieces.mistakes
    ]
    if not mistakes:
        return Section("examples", "Hardest mistakes", ["None: every test text was labelled as people did."])
    sentences = [
        "Wrong answers that the model was surest of. Customers' words: share this page only with "
        "people who may "
        "read them."
    ]
    if any(one["human"] is not None for one in mistakes):
        sentences.append("\u201cOne person\u201d is the share of single raters who agree with the label.")
    return Section("examples", "Hardest mistakes", sentences, {"mistakes": mistakes})


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1].rstrip() + "\u2026"
