"""The rows that a lever works on: labelled texts with their group, source and attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from pipeline_code.reviews.dataset import FeatureSet
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.metrics import Ints


class LeverError(BertlineError):
    """The data or the options do not allow this experiment; the message says what to change."""


@dataclass(frozen=True)
class Rows:
    """Labelled texts; all lists and `label_ids` are of one length."""

    review_ids: list[str]
    group_ids: list[str]
    texts: list[str]
    label_ids: Ints
    sources: list[str]
    attributes: list[str]

    def __len__(self) -> int:
        return len(self.review_ids)

    @classmethod
    def of(cls, *splits: FeatureSet) -> Self:
        """The rows of several splits of one dataset, one after the other."""
        return cls(
            review_ids=[name for split in splits for name in split.review_ids],
            group_ids=[name for split in splits for name in split.group_ids],
            texts=[text for split in splits for text in split.texts],
            label_ids=np.concatenate([split.label_ids for split in splits]),
            sources=[name for split in splits for name in split.sources],
            attributes=[text for split in splits for text in split.attributes],
        )

    def take(self, rows: Sequence[int] | Ints) -> Self:
        """The rows with these numbers, in that order."""
        chosen = np.asarray(rows, dtype=np.int64).tolist()
        return type(self)(
            review_ids=[self.review_ids[row] for row in chosen],
            group_ids=[self.group_ids[row] for row in chosen],
            texts=[self.texts[row] for row in chosen],
            label_ids=self.label_ids[chosen],
            sources=[self.sources[row] for row in chosen],
            attributes=[self.attributes[row] for row in chosen],
        )

    def class_counts(self, names: Sequence[str]) -> dict[str, int]:
        """Rows of each class."""
        counts = np.bincount(self.label_ids, minlength=len(names))
        return {name: int(count) for name, count in zip(names, counts, strict=True)}
