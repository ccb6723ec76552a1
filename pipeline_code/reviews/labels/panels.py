"""What panels of k raters say against the raters that remain, as expected confusion matrices a text.

Nothing is drawn where ratings lie on a lattice (stars, half stars, -4 ... 4): the number of panels of k
raters with each sum follows from the generating function prod_v (1 + y x^v)^(raters who said v), and the
sum of the remaining raters is what is left. Continuous ratings are drawn, except for k = 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from scipy.special import comb

from pipeline_code.reviews.labels.ratings import RatedTexts, ScaleRule, class_ids, weighted_counts
from pipeline_code.reviews.metrics import Floats, Ints

Reference = Literal["mean", "majority"]
DRAWS = 100
_CHUNK = 1024
_LATTICE = 101  # values beyond which drawing is cheaper


def expected_confusion(
    rated: RatedTexts,
    size: int,
    rule: ScaleRule,
    *,
    reference: Reference = "mean",
    seed: int = 0,
    single: ScaleRule | None = None,
) -> Floats:
    """Expected confusion matrix of a random panel, a text [texts, classes, classes].

    Entry (i, j) of a text is the probability that the remaining raters say class i and the panel class j.
    Its sum is 1, or 0 for a text with no more than `size` ratings.

    Parameters
    ----------
    size
        Raters in the panel, k.
    reference
        "mean": both sides are the class of their mean rating. "majority": both are the commonest class
        among their ratings, and tied classes share the probability.
    single
        Another rule for the panel's side, to compare definitions; that of the remaining raters if left out.
    """
    classes = len(rule.cuts) + 1
    found = np.zeros((len(rated), classes, classes))
    enough = np.flatnonzero(rated.counts > size)
    if not len(enough):
        return found
    texts = rated.select(enough)
    if reference == "majority":
        found[enough] = _by_votes(texts.votes(rule), size)
    elif (parts := _lattice(texts)) is not None:
        found[enough] = _by_sums(texts, size, rule, single or rule, parts)
    elif size == 1:
        found[enough] = _leaving_one_out(texts, rule, single or rule)
    else:
        found[enough] = _by_draws(texts, size, rule, single or rule, seed)
    return found


def _lattice(rated: RatedTexts) -> int | None:
    parts = rated.steps()
    if parts is None or np.ptp(rated.values) * parts >= _LATTICE:
        return None
    return parts


def _by_sums(rated: RatedTexts, size: int, rule: ScaleRule, panel_rule: ScaleRule, parts: int) -> Floats:
    units = np.round(rated.values * parts).astype(np.int64)
    lowest, kinds = int(units.min()), int(np.ptp(units)) + 1
    flat = rated.text_of * kinds + units - lowest
    counts = np.bincount(flat, minlength=len(rated) * kinds).reshape(len(rated), kinds)
    sums = np.arange(size * (kinds - 1) + 1) + size * lowest
    panel = class_ids(panel_rule, sums / (size * parts))
    totals = np.round(rated.summed(units.astype(float))).astype(np.int64)
    found = []
    for start in range(0, len(rated), _CHUNK):
        stop = start + _CHUNK
        weights = _panels_by_sum(counts[start:stop], size)
        remaining = (rated.counts[start:stop, None] - size) * parts
        rest = class_ids(rule, (totals[start:stop, None] - sums) / remaining)
        found.append(_tallied(rest, np.broadcast_to(panel, rest.shape), weights, len(rule.cuts) + 1))
    return np.concatenate(found)


def _panels_by_sum(counts: Ints, size: int) -> Floats:
    """Share of the panels of `size` raters that have each sum of units above the lowest [texts, sums]."""
    texts, kinds = counts.shape
    panels = np.zeros((texts, size + 1, size * (kinds - 1) + 1))
    panels[:, 0, 0] = 1
    for unit in range(kinds):
        ways = [comb(counts[:, unit], taken)[:, None] for taken in range(size + 1)]
        for members in range(size, 0, -1):  # downwards: smaller panels are still without this unit
            for taken in range(1, members + 1):
                shift = unit * taken
                smaller = panels[:, members - taken, : panels.shape[2] - shift]
                panels[:, members, shift:] += ways[taken] * smaller
    chosen: Floats = panels[:, size] / panels[:, size].sum(axis=1, keepdims=True)
    return chosen


def _tallied(rest: Ints, panel: Ints, weights: Floats, classes: int) -> Floats:
    """Weights [texts, cases] summed by the class of the rest and that of the panel."""
    texts = len(rest)
    flat = (np.arange(texts)[:, None] * classes + rest) * classes + panel
    found = weighted_counts(flat.ravel(), weights.ravel(), texts * classes * classes)
    return found.reshape(texts, classes, classes)


def _leaving_one_out(rated: RatedTexts, rule: ScaleRule, panel_rule: ScaleRule) -> Floats:
    text = rated.text_of
    others = (rated.summed(rated.values)[text] - rated.values) / (rated.counts[text] - 1)
    return _tally_ratings(rated, class_ids(rule, others), class_ids(panel_rule, rated.values), rule)


def _tally_ratings(rated: RatedTexts, rest: Ints, panel: Ints, rule: ScaleRule) -> Floats:
    classes = len(rule.cuts) + 1
    flat = (rated.text_of * classes + rest) * classes + panel
    shares = 1 / rated.counts[rated.text_of]
    found = weighted_counts(flat, shares, len(rated) * classes * classes)
    return found.reshape(-1, classes, classes)


def _by_draws(rated: RatedTexts, size: int, rule: ScaleRule, panel_rule: ScaleRule, seed: int) -> Floats:
    generator = np.random.default_rng(seed)
    totals = rated.summed(rated.values)
    place = np.arange(len(rated.values)) - np.repeat(rated.offsets[:-1], rated.counts)
    panels, rests = np.empty((len(rated), DRAWS), np.int64), np.empty((len(rated), DRAWS), np.int64)
    for draw in range(DRAWS):
        order = np.lexsort((generator.random(len(place)), rated.text_of))
        sums = rated.summed(np.where(place < size, rated.values[order], 0.0))
        panels[:, draw] = class_ids(panel_rule, sums / size)
        rests[:, draw] = class_ids(rule, (totals - sums) / (rated.counts - size))
    return _tallied(rests, panels, np.full(panels.shape, 1 / DRAWS), len(rule.cuts) + 1)


def _by_votes(votes: Ints, size: int) -> Floats:
    """From every composition of a panel: its probability is hypergeometric in each class."""
    texts, classes = votes.shape
    found = np.zeros((texts, classes, classes))
    for taken in _compositions(size, classes):
        members = np.array(taken)
        ways = comb(votes, members).prod(axis=1)
        first = members == members.max()
        left = votes - members
        rest = left == left.max(axis=1, keepdims=True)
        shares = rest[:, :, None] * (first / first.sum()) / rest.sum(axis=1)[:, None, None]
        found += ways[:, None, None] * shares
    chances: Floats = found / comb(votes.sum(axis=1), size)[:, None, None]
    return chances


def _compositions(total: int, parts: int) -> Iterator[Sequence[int]]:
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for others in _compositions(total - first, parts - 1):
            yield (first, *others)
