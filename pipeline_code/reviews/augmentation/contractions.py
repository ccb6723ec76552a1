"""Contractions written out, and what is written out contracted."""

from __future__ import annotations

import re

from pipeline_code.reviews.augmentation.draws import Draws

_AUXILIARIES = (
    *("is", "are", "was", "were", "do", "does", "did"),
    *("has", "have", "had", "would", "could", "should"),
)
# 's and 'd are left alone: "it's" may be "it has", "I'd" may be "I had".
_PAIRS = {
    **{f"{word}n't": f"{word} not" for word in _AUXILIARIES},
    "can't": "can not",
    "won't": "will not",
    "i'm": "i am",
    **{f"{who}'re": f"{who} are" for who in ("you", "we", "they")},
    **{f"{who}'ve": f"{who} have" for who in ("i", "you", "we", "they")},
    **{f"{who}'ll": f"{who} will" for who in ("i", "you", "we", "they", "it")},
}
# "I have a phone" is not "I've a phone": only before a participle is it contracted.
_BEFORE_PARTICIPLE = r"(?=\s+(?:been|had|got|seen|used|found|never|ever|\w+ed)\b)"
_SHORT = re.compile(r"\b(?:" + "|".join(map(re.escape, _PAIRS)) + r")\b", re.IGNORECASE)
_LONG = re.compile(
    r"\b(?:"
    + "|".join(
        long + (_BEFORE_PARTICIPLE if long.endswith(" have") else "") for long in (*_PAIRS.values(), "cannot")
    )
    + r")\b",
    re.IGNORECASE,
)
_SHORT_OF = {**{long: short for short, long in _PAIRS.items()}, "cannot": "can't"}


def change_contractions(text: str, draws: Draws) -> str | None:
    """Write all contractions out; in a text without any, contract what can be."""
    plain = text.replace("\u2019", "'")
    pattern, other = (_SHORT, _PAIRS) if _SHORT.search(plain) else (_LONG, _SHORT_OF)
    changed = pattern.sub(lambda found: _cased(other[found[0].lower()], found[0]), plain)
    return changed if changed != plain else None


def _cased(word: str, like: str) -> str:
    return word[:1].upper() + word[1:] if like[:1].isupper() else word
