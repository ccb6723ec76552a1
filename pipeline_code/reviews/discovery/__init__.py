"""Slices that nobody declared: found where a model errs in one half of the groups, confirmed in the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline_code.reviews.discovery.candidates import Candidates
from pipeline_code.reviews.discovery.search import FEWEST_GROUPS, DiscoveredSlice, search_slices
from pipeline_code.reviews.metrics import Bools

__all__ = ["Candidates", "DiscoveredSlice", "discover_slices", "search_slices"]


def discover_slices(
    texts: Sequence[str],
    group_ids: Sequence[str],
    wrong: Bools,
    *,
    attributes: Sequence[str],
    sources: Sequence[str],
    seed: int,
    level: float = 0.05,
    most: int = 5,
) -> list[DiscoveredSlice]:
    """Slices in which a model errs more than in the rest; docs/slices.md says how, and what can be found.

    Parameters
    ----------
    texts, group_ids, sources
        Of each row.
    wrong
        Which rows the model gets wrong [rows].
    attributes
        A JSON object with text values for each row; lists of ratings and raters are skipped.
    seed
        Of the halves and of the test.
    level
        In so many of all searches, at most, anything is reported where there is nothing.
    most
        How many slices are tested, and so the most that can be reported.

    Returns
    -------
    Slices whose adjusted p-value is at most `level`, surest first. None for fewer than 10 groups.
    """
    if len(set(group_ids)) < FEWEST_GROUPS:
        return []
    candidates = Candidates(texts, attributes, sources)
    return search_slices(
        candidates, group_ids, np.asarray(wrong, dtype=bool), seed=seed, level=level, most=most
    )
