"""Which split a review belongs to: a function of its group id and nothing else."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from pipeline_code.reviews.errors import BertlineError

SPLITS = ("train", "validation", "test")
SALT = "bertline"
_TOLERANCE = 1e-6


class SplitError(BertlineError):
    """The shares of the splits do not make a whole."""


@dataclass(frozen=True, slots=True)
class SplitShares:
    """Shares of train, validation and test; each above 0 (test may be 0), together 1."""

    train: float
    validation: float
    test: float

    def __post_init__(self) -> None:
        for name in SPLITS:
            share = getattr(self, name)
            if not math.isfinite(share) or share < 0 or (share == 0 and name != "test"):
                raise SplitError(f"{name}-split-percentage must be a share above 0, such as 0.8, got {share}")
        total = self.train + self.validation + self.test
        if abs(total - 1) > _TOLERANCE:
            raise SplitError(
                f"the split percentages must add to 1, got {self.train} + {self.validation} + {self.test} "
                f"= {total:.6f}"
            )

    def split_of(self, group_id: str) -> str:
        """Split of a group; groups that come later never move the ones that are there."""
        position = unit_interval(group_id)
        if position < self.train:
            return "train"
        if position < self.train + self.validation or self.test == 0:
            return "validation"
        return "test"

    def rule(self) -> str:
        """The rule in words, for file metadata."""
        return f"sha256({SALT}, group_id) < {self.train:g} / {self.validation:g} / {self.test:g}"


def unit_interval(group_id: str) -> float:
    """Map a group id to [0, 1): the first 52 bits of a salted SHA-256."""
    digest = hashlib.sha256(f"{SALT}\0{group_id}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 12) / (1 << 52)


def hash_order(review_id: str) -> bytes:
    """A sort key that orders reviews at random, always in the same way."""
    return hashlib.sha256(f"order\0{review_id}".encode()).digest()
