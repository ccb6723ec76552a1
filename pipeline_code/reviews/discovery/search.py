"""Finds slices in one half of the groups and confirms them in the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from pipeline_code.reviews.discovery.candidates import Candidates
from pipeline_code.reviews.discovery.exchange import exchange_test
from pipeline_code.reviews.discovery.halves import first_half
from pipeline_code.reviews.discovery.scan import Scan
from pipeline_code.reviews.metrics import Bools, Floats, Ints

FEWEST_GROUPS = 10
_SLICE_ROWS, _SLICE_GROUPS = 6, 3  # in each half
_BY_CHANCE = 4


@dataclass(frozen=True)
class DiscoveredSlice:
    """A slice in which the model errs more than in the rest. Error rates are those of the confirming half,
    `p_value` is one-sided, `adjusted_p` corrects it for all slices that were tested (Holm 1979)."""

    description: str
    mask: Bools
    error_rate: float
    rest_error_rate: float
    p_value: float
    adjusted_p: float

    def report(self) -> dict[str, Any]:
        """As it goes to evaluation.json; `rows` and `share` are of both halves."""
        return {
            "description": self.description,
            "rows": int(self.mask.sum()),
            "share": float(self.mask.mean()),
            "error_rate": self.error_rate,
            "rest_error_rate": self.rest_error_rate,
            "p_value": self.p_value,
            "adjusted_p": self.adjusted_p,
        }


def search_slices(
    candidates: Candidates,
    group_ids: Sequence[str],
    wrong: Bools,
    *,
    seed: int,
    level: float,
    most: int,
) -> list[DiscoveredSlice]:
    """`discover_slices` with candidates that are at hand; none for fewer than 10 groups."""
    _, place = np.unique(np.asarray(group_ids), return_inverse=True)
    if not len(candidates) or place.max() + 1 < FEWEST_GROUPS or wrong.all() or not wrong.any():
        return []
    finding = first_half(group_ids, seed)
    taken = _take(candidates, place, wrong, finding, most)
    if not taken:
        return []
    tested = ~finding
    masks = np.array([candidates.mask(number) for number in taken])
    p_values = exchange_test(_contrasts(masks[:, tested]), wrong[tested], place[tested], seed)
    adjusted = holm(p_values)
    found = [
        DiscoveredSlice(
            candidates.describe(taken[position]),
            masks[position],
            float(wrong[tested & masks[position]].mean()),
            float(wrong[tested & ~masks[position]].mean()),
            float(p_values[position]),
            float(adjusted[position]),
        )
        for position in np.flatnonzero(adjusted <= level).tolist()
    ]
    return sorted(found, key=lambda one: (one.adjusted_p, -one.error_rate))


def _take(candidates: Candidates, place: Ints, wrong: Bools, finding: Bools, most: int) -> list[int]:
    """Numbers of the slices that stand out most, each among the rows that those before it leave.

    A slice must score more than all but four of as many slices would by chance: where nothing stands out
    nothing is tested, and where little does the correction is for few tests.
    """
    here = Scan(candidates.rows[:, finding], place[finding], wrong[finding])
    there = Scan(candidates.rows[:, ~finding], place[~finding], wrong[~finding])
    usable = np.ones(len(candidates), dtype=bool)
    for half in (here, there):
        usable &= (half.sizes >= _SLICE_ROWS) & (half.groups >= _SLICE_GROUPS)
    left = np.ones(int(finding.sum()), dtype=bool)
    least = float(-special.ndtri(min(0.5, _BY_CHANCE / max(1, int(usable.sum())))))
    taken: list[int] = []
    while len(taken) < most:
        scores, sizes = here.scores(left)
        scores = np.where(usable & (sizes >= _SLICE_ROWS), scores, 0.0)
        best = int(scores.argmax())
        if scores[best] <= least:
            break
        taken.append(best)
        left &= ~candidates.mask(best)[finding]
    return taken


def _contrasts(masks: Bools) -> Floats:
    """Weights [slices, rows] that compare a slice with the rest, without the rows of slices before it."""
    left = np.ones(masks.shape[1], dtype=bool)
    found = np.zeros(masks.shape)
    for position, mask in enumerate(masks):
        inside = mask & left
        found[position, left] = inside[left] - inside[left].mean()
        left &= ~mask
    return found


def holm(p_values: Floats) -> Floats:
    """Adjusted p-values: those at most alpha may be rejected together at the level alpha (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    steps = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    found = np.empty(len(order))
    found[order] = np.minimum(steps, 1.0)
    return found
