"""Typing errors: one in about ten words, in words of four letters or more."""

from __future__ import annotations

import math
import re

from pipeline_code.reviews.augmentation.draws import Draws
from pipeline_code.reviews.augmentation.negation import NEGATION

# Not the "didn" of "didn't": the possessive quantifier gives no letter back.
_WORD = re.compile(r"(?<![A-Za-z])[A-Za-z]{4,}+(?!['’]t\b)")
_WORDS_A_TYPO = 10
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {
    letter: row[max(0, at - 1) : at] + row[at + 1 : at + 2] for row in _ROWS for at, letter in enumerate(row)
}


def add_typos(text: str, draws: Draws) -> str | None:
    """Swap, drop, double or mistype a letter inside a word; words that negate stay whole."""
    words = [match for match in _WORD.finditer(text) if not NEGATION.search(match[0])]
    if not words:
        return None
    count = math.ceil(len(text.split()) / _WORDS_A_TYPO)
    spoilt = text
    # From the end, so that the places of the words before stay what they are.
    for match in sorted(draws.some_of(words, count), key=lambda found: -found.start()):
        spoilt = spoilt[: match.start()] + _misspelt(match[0], draws) + spoilt[match.end() :]
    return spoilt if spoilt != text else None


def _misspelt(word: str, draws: Draws) -> str:
    at = 1 + draws.below(len(word) - 2)  # an inner letter: the first and the last carry the word
    kind = draws.one_of(("swap", "drop", "double", "beside"))
    if kind == "swap" and at + 1 < len(word) - 1:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == "drop":
        return word[:at] + word[at + 1 :]
    if kind == "beside":
        return word[:at] + draws.one_of(_BESIDE[word[at].lower()]) + word[at + 1 :]
    return word[:at] + word[at] * 2 + word[at + 1 :]
