"""Class thresholds for a better macro-F1: found from calibrated probabilities, confirmed by labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_code.reviews import metrics
from pipeline_code.reviews.bootstrap import GroupBootstrap
from pipeline_code.reviews.metrics import Floats, Ints
from pipeline_code.reviews.splits import hash_order

FOLDS = 5
Calibration = Callable[[Ints], Floats]
_STEPS = np.round(np.arange(-20, 21) * 0.1, 1)  # tried around a start, in log probability
_STRENGTHS = (0.0, 0.5, 1.0)  # of the starts: from the most probable class to equal recalls
_ROUNDS = 10
_SAMPLES = 500


@dataclass(frozen=True)
class Tuning:
    """Offsets [classes] to add to log probabilities, and why these."""

    offsets: Floats
    tuned: bool
    reason: str
    gain: float | None = None
    standard_error: float | None = None

    def report(self) -> dict[str, Any]:
        """For bertline.json; the gain is in macro-F1, on rows that the offsets were not tuned on."""
        return {
            "tuned": self.tuned,
            "reason": self.reason,
            "out_of_fold_gain": self.gain,
            "standard_error": self.standard_error,
        }


def tune_thresholds(calibrated: Calibration, labels: Ints, groups: list[str], start: Floats) -> Tuning:
    """The offsets of `best_offsets`, if macro-F1 on left-out rows gains by them, otherwise `start`.

    The groups are cut into FOLDS; calibration and offsets come from the other folds, the gain is that of all
    left-out rows together.

    Parameters
    ----------
    calibrated
        Gives the log probabilities of all rows [rows, classes], calibrated on the rows it is given.
    labels, groups
        Classes and group ids of held-out rows.
    start
        Offsets [classes] in use so far.
    """
    fold = _folds(groups)
    if fold.max() + 1 < FOLDS:
        return Tuning(start, tuned=False, reason=f"fewer than {FOLDS} groups in validation")
    base, chosen = np.empty_like(labels), np.empty_like(labels)
    for number in range(FOLDS):
        inside, others = fold == number, np.flatnonzero(fold != number)
        log_p = calibrated(others)
        base[inside] = _choose(log_p[inside], start)
        chosen[inside] = _choose(log_p[inside], best_offsets(log_p[others]))
    gain, error = _gain(groups, labels, chosen, base, classes=len(start))
    if gain <= 0:
        reason = "macro-F1 on left-out validation rows gained nothing"
        return Tuning(start, tuned=False, reason=reason, gain=gain, standard_error=error)
    offsets = best_offsets(calibrated(np.arange(len(labels))))
    reason = "macro-F1 on left-out validation rows gained"
    return Tuning(offsets, tuned=True, reason=reason, gain=gain, standard_error=error)


def best_offsets(log_p: Floats) -> Floats:
    """Offsets [classes] with the best macro-F1 that log probabilities [rows, classes] let expect.

    A row counts for each class with its probability, so that no label is needed: much steadier than to
    search the macro-F1 of a few hundred labels (measured in docs/imbalance.md), and as good as the
    probabilities are calibrated. One class, the commonest, keeps 0. A coordinate search from each of
    several starts, since F1 of two rare classes that are taken for each other has several peaks.
    """
    p = np.exp(log_p)
    share = np.log(p.mean(axis=0))
    towards_equal = share.max() - share
    found = [_search(log_p, p, strength * towards_equal) for strength in _STRENGTHS]
    return max(found, key=lambda item: round(item[0], 9))[1]


def _gain(groups: list[str], labels: Ints, chosen: Ints, base: Ints, *, classes: int) -> tuple[float, float]:
    """Macro-F1 of `chosen` minus that of `base`, and its standard error by bootstrap over groups."""
    bootstrap = GroupBootstrap(groups, labels, classes=classes, samples=_SAMPLES, seed=0)
    values = [metrics.macro_f1(metrics.confusion_matrix(labels, rows, classes)) for rows in (chosen, base)]
    drawn = [metrics.macro_f1(bootstrap.matrices(rows)) for rows in (chosen, base)]
    return float(values[0] - values[1]), float(np.std(drawn[0] - drawn[1]))


def _folds(groups: list[str]) -> Ints:
    """Fold of each row, by the hash of its group; folds have equally many groups."""
    names = sorted(set(groups), key=hash_order)
    place = {name: number % FOLDS for number, name in enumerate(names)}
    return np.array([place[group] for group in groups], dtype=np.int64)


def _choose(log_p: Floats, offsets: Floats) -> Ints:
    return np.asarray((log_p + offsets).argmax(axis=1), dtype=np.int64)


def _search(log_p: Floats, p: Floats, start: Floats) -> tuple[float, Floats]:
    """Expected macro-F1 and offsets where no single step of one class helps any more."""
    offsets, value = np.array(start, dtype=float), 0.0
    fixed = int(p.sum(axis=0).argmax())
    for _ in range(_ROUNDS):
        before = offsets.copy()
        for label in range(len(start)):
            if label != fixed:
                value, offsets[label] = _best(log_p, p, offsets, label, start[label])
        if np.array_equal(before, offsets):
            break
    return value, offsets


def _best(log_p: Floats, p: Floats, offsets: Floats, label: int, start: float) -> tuple[float, float]:
    """The best expected macro-F1 and offset of one class, the others held; of equals the nearest to start."""
    tried = start + _STEPS
    values = np.round(metrics.macro_f1(_expected_matrices(log_p, p, offsets, label, tried)), 9)
    order = np.lexsort((np.abs(_STEPS), -values))
    return float(values[order[0]]), float(tried[order[0]])


def _expected_matrices(log_p: Floats, p: Floats, offsets: Floats, label: int, tried: Floats) -> Floats:
    """Expected confusion matrices [tried, classes, classes] for offsets of `label`.

    A row goes to `label` from the first tried offset on that beats its best rival.
    """
    scores = log_p + offsets
    scores[:, label] = -np.inf
    rival, bar = scores.argmax(axis=1), scores.max(axis=1) - log_p[:, label]
    classes, steps = p.shape[1], len(tried)
    cell = np.searchsorted(tried, bar, side="right") * classes + rival
    sums = [np.bincount(cell, weights=column, minlength=(steps + 1) * classes) for column in p.T]
    moved = np.stack(sums).reshape(classes, steps + 1, classes).cumsum(axis=1)
    matrices: Floats = (moved[:, -1:] - moved[:, :-1]).transpose(1, 0, 2)
    matrices[:, :, label] = moved[:, :-1].sum(axis=2).T
    return matrices
