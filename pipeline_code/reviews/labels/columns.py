"""The rows whose labels are judged, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_code.reviews.labels.ratings import raters_of, ratings_of
from pipeline_code.reviews.metrics import Ints


@dataclass(frozen=True)
class LabelColumns:
    """One entry a row of the data; `ratings` and `raters` hold None where there are none."""

    review_ids: Sequence[str]
    group_ids: Sequence[str]
    texts: Sequence[str]
    label_ids: Ints
    ratings: Sequence[Sequence[float] | None]
    raters: Sequence[Sequence[str] | None]

    @classmethod
    def of(
        cls,
        review_ids: Sequence[str],
        group_ids: Sequence[str],
        texts: Sequence[str],
        label_ids: Ints,
        attributes: Sequence[str],
    ) -> LabelColumns:
        """From prepared features, whose attributes hold the ratings.

        Raises
        ------
        RatingsError
            A row's ratings or raters are not what they should be.
        """
        ratings, raters = [ratings_of(one) for one in attributes], [raters_of(one) for one in attributes]
        return cls(review_ids, group_ids, texts, label_ids, ratings, raters)
