"""What two texts are compared by: the normalised text, its key, its words."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata

KEY_BYTES = 16
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_APOSTROPHES = str.maketrans("", "", "'\u2019")


def normalised(text: str) -> str:
    """The text without what is mere form: NFKC, case folded, white space collapsed."""
    plain = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return " ".join(plain.split())


def text_key(text: str) -> bytes:
    """16 bytes that are equal for texts that are equal when normalised."""
    return hashlib.sha256(normalised(text).encode()).digest()[:KEY_BYTES]


def words(text: str) -> list[str]:
    """Normalised words: runs of letters and digits; an apostrophe inside a word is dropped."""
    found: list[str] = _WORD.findall(normalised(text))
    return [word.translate(_APOSTROPHES) if "'" in word or "\u2019" in word else word for word in found]


def fewer_words(text: str, count: int) -> int | None:
    """The number of words of a text, if it is below `count`; else None."""
    found = sum(1 for _ in itertools.islice(_WORD.finditer(normalised(text)), count))
    return found if found < count else None
