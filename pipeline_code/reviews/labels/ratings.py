"""What several people said about each text: read from attributes, held end to end, turned into classes."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pipeline_code.reviews.contract import Contract, MeanHumanRating, StarRating
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.metrics import Floats, Ints

ScaleRule = StarRating | MeanHumanRating
_STEPS = (1, 2, 4, 5, 10, 20)  # parts of one that a scale may be divided into
_ROUNDING = 1e-9


class RatingsError(BertlineError):
    """The human ratings of a text are not a list of numbers, or do not fit to their raters."""


def ratings_of(attributes: str) -> list[float] | None:
    """The human ratings among a row's attributes; None where it has none.

    Parameters
    ----------
    attributes
        A JSON object of texts; "ratings" holds a JSON list, such as {"ratings": "[0, -1, 2]"}.

    Raises
    ------
    RatingsError
        They are no list of finite numbers.
    """
    listed = _listed(attributes, "ratings")
    if listed is None:
        return None
    if not all(_is_number(value) for value in listed):
        raise RatingsError(f"attribute ratings: {listed!r} holds what is no finite number")
    return [float(value) for value in listed] or None


def raters_of(attributes: str) -> list[str] | None:
    """Who gave the ratings among a row's attributes, in the same order; None where nobody is named.

    Raises
    ------
    RatingsError
        They are no list, or not as many as the ratings.
    """
    listed = _listed(attributes, "raters")
    if not listed:
        return None
    ratings = _listed(attributes, "ratings") or []
    if len(listed) != len(ratings):
        raise RatingsError(f"attribute raters: {len(listed)} raters for {len(ratings)} ratings")
    return [str(rater) for rater in listed]


def _listed(attributes: str, name: str) -> list[Any] | None:
    field = json.loads(attributes or "{}").get(name)
    if not field:
        return None
    try:
        found = json.loads(field)
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, list):
        raise RatingsError(f"attribute {name}: {field!r} is no JSON list")
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def scale_of(contract: Contract) -> ScaleRule | None:
    """The label rule if it cuts a scale of ratings; None if the data name their classes."""
    rule = contract.label_rule
    return rule if isinstance(rule, StarRating | MeanHumanRating) else None


def class_ids(rule: ScaleRule, ratings: Floats) -> Ints:
    """`rule.class_id` of every rating, for arrays of any shape."""
    found = np.zeros(np.shape(ratings), dtype=np.int64)
    half = len(rule.cuts) / 2
    for position, cut in enumerate(rule.cuts):
        found += ratings >= cut if position < half else ratings > cut
    return found


def modal_share(ratings: Sequence[float] | None, contract: Contract) -> float | None:
    """Share of the commonest class among the ratings of a text; None below two: one agrees with nobody."""
    if ratings is None or len(ratings) < 2:
        return None
    classes = [contract.label_rule.decide(value, contract.class_names)[0] for value in ratings]
    return float(np.bincount(classes).max()) / len(classes)


def weighted_counts(places: Ints, weights: Floats, size: int) -> Floats:
    """Sum of the weights at each place [size]."""
    return np.bincount(places, weights, minlength=size).astype(np.float64, copy=False)


@dataclass(frozen=True)
class RatedTexts:
    """The rows that people rated. `values` holds all ratings end to end, those of text i at
    offsets[i]:offsets[i + 1]; rows[i] is the row of the data that text i is."""

    values: Floats
    offsets: Ints
    rows: Ints

    @classmethod
    def of(cls, ratings: Sequence[Sequence[float] | None]) -> RatedTexts:
        """From one list a row of the data; rows without ratings are left out."""
        rows = [row for row, given in enumerate(ratings) if given]
        kept = [np.asarray(ratings[row], dtype=np.float64) for row in rows]
        counts = np.array([len(given) for given in kept], dtype=np.int64)
        values = np.concatenate(kept) if kept else np.empty(0)
        return cls(values, np.concatenate([[0], np.cumsum(counts)]), np.array(rows, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, texts: np.ndarray[Any, Any]) -> RatedTexts:
        """Those texts alone, given by a mask or by positions in their order."""
        chosen = np.arange(len(self))[texts]
        kept = np.zeros(len(self), dtype=bool)
        kept[chosen] = True
        counts = self.counts[chosen]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        return RatedTexts(self.values[np.repeat(kept, self.counts)], offsets, self.rows[chosen])

    @cached_property
    def counts(self) -> Ints:
        """Ratings a text."""
        return np.diff(self.offsets)

    @cached_property
    def text_of(self) -> Ints:
        """The text that each rating is of."""
        return np.repeat(np.arange(len(self)), self.counts)

    def summed(self, amounts: Floats) -> Floats:
        """Sums a text of one amount a rating."""
        return weighted_counts(self.text_of, amounts, len(self))

    @cached_property
    def means(self) -> Floats:
        """Mean rating a text."""
        return self.summed(self.values) / self.counts

    @cached_property
    def spread(self) -> Floats:
        """Sum of squared deviations from the mean, a text."""
        return self.summed((self.values - self.means[self.text_of]) ** 2)

    @property
    def pooled_variance(self) -> float:
        """Variance within texts, over all that were rated more than once; 0 if none was."""
        freedom = float((self.counts - 1).sum())
        return float(self.spread.sum()) / freedom if freedom else 0.0

    def votes(self, rule: ScaleRule) -> Ints:
        """Ratings of each class [texts, classes]."""
        classes = len(rule.cuts) + 1
        flat = self.text_of * classes + class_ids(rule, self.values)
        return np.bincount(flat, minlength=len(self) * classes).reshape(len(self), classes)

    def steps(self) -> int | None:
        """Into how many parts the scale divides one: 1 for whole numbers, None for a continuous scale."""
        for parts in _STEPS:
            scaled = self.values * parts
            if np.allclose(scaled, np.round(scaled), rtol=0, atol=_ROUNDING):
                return parts
        return None
