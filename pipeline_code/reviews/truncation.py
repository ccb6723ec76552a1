"""What is kept of a text that is too long: its head, or its head and its tail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from pipeline_code.reviews.encoder import EncoderError
from pipeline_code.reviews.tokenization import Ragged

HEAD, HEAD_TAIL = "Head", "HeadTail"
TRUNCATIONS = (HEAD, HEAD_TAIL)


@dataclass(frozen=True, slots=True)
class Truncation:
    """How token ids are cut; special tokens before and after the text always stay.

    Head keeps the start of the text, as tokenizers do. HeadTail keeps a quarter of the places for the head
    and the rest for the tail, the best of the ways that Sun et al. 2019, "How to Fine-Tune BERT for Text
    Classification?" (section 5.3.1) compare: 128 and 382 of 510.

    Parameters
    ----------
    kind
        "Head" or "HeadTail".
    max_seq_length
        Tokens that are kept, special tokens included.
    before, after
        Special tokens that the tokenizer puts before and after a text.
    """

    kind: str
    max_seq_length: int
    before: int
    after: int

    @property
    def kept(self) -> tuple[int, int]:
        """Tokens kept from the start and from the end of a sequence that is too long."""
        places = self.max_seq_length - self.before - self.after
        head = (places + 2) // 4 if self.kind == HEAD_TAIL else places
        return self.before + head, places - head + self.after

    def cut(self, tokens: Ragged) -> Ragged:
        """Shorten the sequences that are too long."""
        lengths = tokens.lengths
        if not len(lengths) or lengths.max() <= self.max_seq_length:
            return tokens
        start, end = self.kept
        whole = np.repeat(lengths <= self.max_seq_length, lengths)
        place = np.arange(len(tokens.ids)) - np.repeat(tokens.offsets[:-1], lengths)
        stays = whole | (place < start) | (place >= np.repeat(lengths, lengths) - end)
        return Ragged.of_lengths(tokens.ids[stays], np.minimum(lengths, self.max_seq_length))


def truncation_for(tokenizer: Tokenizer, kind: str, max_seq_length: int) -> Truncation:
    """The truncation that leaves this tokenizer's special tokens where they are.

    Raises
    ------
    EncoderError
        The tokenizer makes nothing of a plain letter, so its special tokens cannot be told apart.
    """
    special = tokenizer.encode("a").special_tokens_mask
    if 0 not in special:
        raise EncoderError("the tokenizer has no token for the letter a: is its vocabulary complete?")
    return Truncation(kind, max_seq_length, before=special.index(0), after=special[::-1].index(0))
