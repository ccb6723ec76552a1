"""Which split a review belongs to: by the hash of its group, or by the course's balanced protocol."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_code.reviews.errors import BertlineError

SPLITS = ("train", "validation", "test")
HASH, COURSE = "Hash", "Course"
PROTOCOLS = (HASH, COURSE)
SALT = "bertline"
_TOLERANCE = 1e-6

Labels = np.ndarray[Any, np.dtype[np.int64]]


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

    def split_of(self, split_key: str) -> str:
        """Split of a group; groups that come later never move the ones that are there."""
        position = unit_interval(split_key)
        if position < self.train:
            return "train"
        if position < self.train + self.validation or self.test == 0:
            return "validation"
        return "test"

    def rule(self, protocol: str = HASH, seed: int = 0) -> str:
        """The rule in words, for file metadata; `seed` counts in the protocol Course alone."""
        shares = f"{self.train:g} / {self.validation:g} / {self.test:g}"
        if protocol == COURSE:
            return f"course: classes cut to the rarest, stratified, seed {seed}, {shares}"
        return f"sha256({SALT}, split_key) < {shares}"


def unit_interval(split_key: str) -> float:
    """Map a key to [0, 1): the first 52 bits of a salted SHA-256."""
    digest = hashlib.sha256(f"{SALT}\0{split_key}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 12) / (1 << 52)


def hash_order(review_id: str) -> bytes:
    """A sort key that orders reviews at random, always in the same way."""
    return hashlib.sha256(f"order\0{review_id}".encode()).digest()


def course_split(
    review_ids: list[str], label_ids: Labels, shares: SplitShares, seed: int
) -> list[str | None]:
    """Split as the labs do: classes cut down to the rarest, then two stratified splits.

    The sizes are the labs' to the row (5,537 / 307 / 309 of 3 x 2,051 at 0.9 / 0.05 / 0.05), the choice is
    seeded and does not depend on the order of the rows. Rows of one group may fall into several splits:
    the protocol is for comparison.

    Parameters
    ----------
    review_ids, label_ids
        Id and class of each row, in any order; ids are unique.
    shares
        As the labs' percentages.
    seed
        Decides which rows are left out and which split a row gets.

    Returns
    -------
    The split of each row in the order given, None for a row left out.

    Raises
    ------
    SplitError
        A class is too rare to have a row in each split.
    """
    order = sorted(range(len(review_ids)), key=review_ids.__getitem__)
    kept = _cut_to_rarest(order, review_ids, label_ids, seed)
    splits: list[str | None] = [None] * len(review_ids)
    try:
        parts = _stratified(kept, label_ids, shares, seed)
    except ValueError as error:
        raise SplitError(f"split-protocol Course cannot split {len(kept)} balanced rows: {error}") from None
    for split, rows in zip(SPLITS, parts, strict=True):
        for row in rows:
            splits[row] = split
    return splits


def _cut_to_rarest(order: list[int], review_ids: list[str], label_ids: Labels, seed: int) -> list[int]:
    """Rows of `order` that stay, in that order: of each class the first by a seeded hash."""
    drawn = sorted(order, key=lambda row: hash_order(f"{seed}\0{review_ids[row]}"))
    classes, counts = np.unique(label_ids, return_counts=True)
    rarest = int(counts.min()) if len(counts) else 0
    kept = {row for label in classes for row in [row for row in drawn if label_ids[row] == label][:rarest]}
    return [row for row in order if row in kept]


def _stratified(rows: list[int], label_ids: Labels, shares: SplitShares, seed: int) -> list[list[int]]:
    """Train, validation and test; the arithmetic of the shares is the labs', rounding included."""
    from sklearn.model_selection import train_test_split

    holdout_share = 1.0 - shares.train
    train, holdout = train_test_split(
        rows, test_size=holdout_share, stratify=label_ids[rows], random_state=seed
    )
    if shares.test == 0:
        return [train, holdout, []]
    validation, test = train_test_split(
        holdout,
        test_size=shares.test / holdout_share,
        stratify=label_ids[holdout],
        random_state=seed,
    )
    return [train, validation, test]
