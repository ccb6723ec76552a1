"""Small rows for the levers: what a text says decides its class, but for some noise."""

import random
from pathlib import Path

import numpy as np

from pipeline_code.reviews.contract import Contract, read_contract
from pipeline_code.reviews.levers.rows import Rows

CONTRACTS = Path(__file__).resolve().parents[5] / "config" / "contracts"
CONTRACT: Contract = read_contract(CONTRACTS / "amazon-snippets.toml")
_SAYS = (
    ("bad", "awful", "broken", "hate", "poor", "noisy"),
    ("box", "came", "blue", "manual", "cable", "menu"),
    ("great", "love", "good", "superb", "crisp", "handy"),
)
_FILLER = ["the", "a", "phone", "it", "is", "was", "very", "sound", "screen", "and", "this", "of", "with"]


def rows(
    count: int,
    *,
    seed: int = 1,
    group_size: int = 4,
    wrong: float = 0.0,
    source: str = "amazon",
    shift: int = 0,
) -> Rows:
    """Texts of known class.

    `wrong` is the share of labels drawn anew, `shift` is added to every class id.
    """
    drawn = random.Random(seed)  # noqa: S311 - test data
    texts, labels = [], []
    for _ in range(count):
        label = drawn.randrange(3)
        words = [*drawn.choices(_FILLER, k=drawn.randint(3, 9)), *drawn.choices(_SAYS[label], k=2)]
        drawn.shuffle(words)
        texts.append(" ".join(words))
        labels.append(drawn.randrange(3) if drawn.random() < wrong else (label + shift) % 3)
    return Rows(
        review_ids=[
            f"{source}{seed}-{number // group_size}_{number % group_size}" for number in range(count)
        ],
        group_ids=[f"{source}{seed}-{number // group_size}" for number in range(count)],
        texts=texts,
        label_ids=np.array(labels, dtype=np.int64),
        sources=[source] * count,
        attributes=["{}"] * count,
    )
