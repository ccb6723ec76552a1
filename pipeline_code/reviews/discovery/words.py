"""What is looked for in a text: its words, and a few classes of words that models stumble over."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'"})

LEXICAL_CLASSES: dict[str, re.Pattern[str]] = {
    "a negation": re.compile(r"\b(?:not|no|never|none|nothing|nobody|neither|nor|cannot|hardly)\b|n't\b"),
    "a contrast (but, however ...)": re.compile(
        r"\b(?:but|however|although|though|yet|despite|whereas|except)\b"
    ),
    "a condition (if, would ...)": re.compile(r"\b(?:if|unless|would|could|should|otherwise)\b"),
    "a question mark": re.compile(r"\?"),
    "a number": re.compile(r"\d"),
}


def plain(text: str) -> str:
    """The text in lower case, with one kind of apostrophe."""
    return text.translate(_APOSTROPHES).lower()


def words(text: str) -> set[str]:
    """Different words of a plain text; "don't" is one word, numbers are none."""
    return set(_WORD.findall(text))
