"""Made-up reviews of a few sentences with words at random."""

from dataclasses import dataclass
from typing import Any

import numpy as np

VOCABULARY = [f"{one}{other}o" for one in "bcdfghjklm" for other in "aeiu"]


@dataclass(frozen=True)
class Rows:
    texts: list[str]
    groups: list[str]
    attributes: list[str]
    sources: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    def with_word(self, word: str) -> Any:
        return np.array([word in text.split() for text in self.texts])


def rows(reviews: int = 120, seed: int = 0) -> Rows:
    """About eight sentences a review, of 3 to 12 words; a tenth is of a laptop."""
    generator = np.random.default_rng(seed)
    groups = np.repeat(np.arange(reviews), generator.integers(2, 15, reviews))
    texts = [" ".join(generator.choice(VOCABULARY, generator.integers(3, 13))) for _ in groups]
    products = generator.choice(["laptop", "phone", "radio"], len(groups), p=[0.1, 0.4, 0.5])
    return Rows(
        texts,
        [f"r{group}" for group in groups],
        [f'{{"product": "{product}", "ratings": "[1, 2]"}}' for product in products],
        ["amazon"] * len(groups),
    )


def errors(rates: Any, groups: list[str], seed: int) -> Any:
    """Errors at each row's rate, with reviews in which there are more or fewer of them."""
    generator = np.random.default_rng(seed)
    _, place = np.unique(groups, return_inverse=True)
    shift = generator.uniform(0.5, 1.5, place.max() + 1)[place]
    return generator.random(len(rates)) < np.clip(rates * shift, 0, 1)
