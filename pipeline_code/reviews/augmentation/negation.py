"""Negation put in or taken out: what was said is then denied, so the label changes with it."""

from __future__ import annotations

import re

from pipeline_code.reviews.augmentation.draws import Draws

NEGATION = re.compile(r"\b(?:not|no|never|nothing|none|nobody|hardly|cannot|without)\b|n't\b", re.IGNORECASE)
_AUXILIARY = r"(?:is|are|was|were|am|can|could|will|would|should|must|does|do|did)"
_SHORT = re.compile(rf"\b({_AUXILIARY}|has|have|had)n't\b", re.IGNORECASE)
_IRREGULAR = {"can't": "can", "won't": "will", "cannot": "can"}
_IRREGULAR_SHORT = re.compile(r"\b(?:can't|won't|cannot)\b", re.IGNORECASE)
_WORD_NOT = re.compile(r"\b(?:not|never)\s+", re.IGNORECASE)
_PLACE = re.compile(rf"\b(?:{_AUXILIARY}|it's|that's|i'm|you're|they're|we're)\b(?!\s*n't)", re.IGNORECASE)


def flip_negation(text: str, draws: Draws) -> str | None:
    """Take out the one negation of a text; put one behind the first auxiliary of a text that has none.

    Texts with several negations, and questions, are left alone: nobody can say what their denial says.
    """
    plain = text.replace("\u2019", "'")
    if plain.rstrip().endswith("?"):
        return None
    found = NEGATION.findall(plain)
    if len(found) > 1:
        return None
    changed = _without(plain) if found else _PLACE.sub(lambda match: f"{match[0]} not", plain, count=1)
    return changed if changed != plain else None


def _without(text: str) -> str:
    text = _IRREGULAR_SHORT.sub(lambda match: _IRREGULAR[match[0].lower()], text)
    text = _SHORT.sub(lambda match: match[1], text)
    return _WORD_NOT.sub("", text)
