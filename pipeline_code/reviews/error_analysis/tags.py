"""Tags that a program can give: what a text looks like, not what is wrong with an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Flags = np.ndarray[Any, np.dtype[np.bool_]]
_SHORT, _LONG = 5, 30  # words

_PATTERNS = {
    "negation": r"\b(not|no|never|nothing|none|nobody|hardly|cannot|without)\b|n['’]t\b",
    "contrast": r"\b(but|however|although|though|except|yet|despite)\b",
    "conditional": r"\b(if|would|could|should|wish|unless)\b",
    "question": r"\?",
    "exclamation": r"!",
    "comparison": r"\bthan\b",
    "numbers": r"\d",
    "shouting": r"\b[A-Z]{3,}\b",
}
_CASE_MATTERS = {"shouting"}
_PRAISE = r"\b(great|good|love[ds]?|nice|excellent|perfect|best|easy|happy|recommend)\b"
_BLAME = r"\b(bad|poor|hate[ds]?|terrible|awful|worst|difficult|broke|broken|problems?|disappoint\w*)\b"


def _search(pattern: str, flags: int = re.IGNORECASE) -> Callable[[str], bool]:
    search = re.compile(pattern, flags).search
    return lambda text: search(text) is not None


_LOOKS = {
    name: _search(pattern, 0 if name in _CASE_MATTERS else re.IGNORECASE)
    for name, pattern in _PATTERNS.items()
}
_praises, _blames = _search(_PRAISE), _search(_BLAME)
_TESTS: dict[str, Callable[[str], bool]] = {
    **_LOOKS,
    "mixed": lambda text: _praises(text) and _blames(text),
    "short": lambda text: len(text.split()) <= _SHORT,
    "long": lambda text: len(text.split()) > _LONG,
}
AUTOMATIC = (*_TESTS, "truncated")


def automatic_tags(
    texts: Sequence[str], truncated: Flags, patterns: Sequence[tuple[str, str]]
) -> list[list[str]]:
    """The tags of each text; words are English ones.

    Parameters
    ----------
    texts
        In the order of the split.
    truncated
        Whether a text was cut for the model [texts].
    patterns
        Names and regular expressions of further tags, those of the contract.

    Returns
    -------
    Names for each text: the automatic ones first, then the contract's.
    """
    tests = _TESTS | {name: _search(pattern, 0) for name, pattern in patterns}
    cuts = "truncated" not in tests  # a pattern of the name of an automatic tag takes its place
    return [
        [name for name, holds in tests.items() if holds(text)] + ["truncated"] * bool(cut and cuts)
        for text, cut in zip(texts, truncated, strict=True)
    ]
