"""The form of a text: its case, its marks, its end."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline_code.reviews.augmentation.draws import Draws

_LEAST_WORDS = 8
_CUT_SHARE = 0.2
_FINAL = re.compile(r"[.!?]+\s*$")
_COMMA = re.compile(r"\s*[,;]\s*")
_BEFORE_MARK = re.compile(r"(?<=\w)(?=[,.!?;:](?:\s|$))")


def change_case(text: str, draws: Draws) -> str | None:
    """All small, all capital, every word or only the first with a capital."""
    forms = [text.lower(), text.upper(), text.title(), text[:1].upper() + text[1:]]
    others = [form for form in dict.fromkeys(forms) if form != text]
    return draws.one_of(others) if others else None


def change_punctuation(text: str, draws: Draws) -> str | None:
    """Drop or repeat the last mark, drop the commas, or put a space before the marks."""
    ways: list[Callable[[str], str]] = [
        lambda given: _FINAL.sub("", given),
        lambda given: _FINAL.sub(lambda mark: mark[0].strip()[0] * 3, given),
        lambda given: _COMMA.sub(" ", given),
        lambda given: _BEFORE_MARK.sub(" ", given),
    ]
    others = [changed for changed in (way(text).strip() for way in ways) if changed and changed != text]
    return draws.one_of(others) if others else None


def truncate(text: str, draws: Draws) -> str | None:
    """Leave out one to a fifth of the words at the end, of texts of eight words or more."""
    words = text.split()
    if len(words) < _LEAST_WORDS:
        return None
    out = 1 + draws.below(max(1, int(len(words) * _CUT_SHARE)))
    return " ".join(words[:-out]).rstrip(",;:- ")
