"""Texts to token ids in bulk: `tokenizers`, or the optional and faster `nanotoken`, behind one interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pipeline_code.reviews.errors import BertlineError

TOKENIZERS, NANOTOKEN = "tokenizers", "nanotoken"
BACKENDS = (TOKENIZERS, NANOTOKEN)


class BackendError(BertlineError):
    """The tokenizer backend that was asked for is not installed, or does not know this kind of tokenizer."""


@dataclass(frozen=True)
class Ragged:
    """Token ids of several texts end to end: text i has ids[offsets[i]:offsets[i + 1]]."""

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def of_lengths(cls, ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> Self:
        """From ids end to end and the number of ids of each text."""
        offsets = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return cls(ids, offsets)

    @classmethod
    def of_lists(cls, lists: Sequence[Sequence[int]]) -> Self:
        """From one list of ids a text."""
        lengths = np.fromiter(map(len, lists), np.int64, len(lists))
        ids = np.fromiter(chain.from_iterable(lists), np.int32, int(lengths.sum()))
        return cls.of_lengths(ids, lengths)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens a text."""
        return np.diff(self.offsets)

    def lists(self) -> list[list[int]]:
        """One list of ids a text."""
        flat, bounds = self.ids.tolist(), self.offsets.tolist()
        return [flat[start:end] for start, end in pairwise(bounds)]


class Backend(Protocol):
    """What turns texts into ids."""

    def encode(self, texts: Sequence[str]) -> Ragged:
        """Ids with special tokens, neither padded nor truncated."""
        ...


class TokenizersBackend:
    """Hugging Face `tokenizers`, which knows every fast tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str]) -> Ragged:
        """Ids with special tokens, neither padded nor truncated."""
        return Ragged.of_lists([encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))])


class NanotokenBackend:
    """`nanotoken`, which knows WordPiece alone and gives the same ids in a fraction of the time."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        try:
            import nanotoken  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            raise BackendError(
                "tokenizer-backend nanotoken is not installed: install nanotoken 0.1.0, or use tokenizers"
            ) from None
        try:
            self._tokenizer: Any = nanotoken.Tokenizer.from_json(tokenizer.to_str())
        except nanotoken.UnsupportedTokenizerError as error:
            raise BackendError(
                f"nanotoken does not know this tokenizer ({error}): use tokenizer-backend tokenizers"
            ) from None

    def encode(self, texts: Sequence[str]) -> Ragged:
        """Ids with special tokens, neither padded nor truncated."""
        found = self._tokenizer.encode_batch(texts)
        return Ragged(found.ids.astype(np.int32), found.offsets)


def backend_for(tokenizer: Tokenizer, name: str = TOKENIZERS) -> Backend:
    """The backend of that name for a tokenizer without padding and truncation.

    Raises
    ------
    BackendError
        It is not installed, or does not know this kind of tokenizer.
    """
    return NanotokenBackend(tokenizer) if name == NANOTOKEN else TokenizersBackend(tokenizer)
