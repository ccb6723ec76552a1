"""Class thresholds tuned for macro-F1 on held-out rows, and taken only where other rows confirm the gain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_code.reviews import metrics
from pipeline_code.reviews.bootstrap import GroupBootstrap
from pipeline_code.reviews.metrics import Floats, Ints
from pipeline_code.reviews.splits import hash_order

FOLDS = 5
_STEPS = np.round(np.arange(-20, 21) * 0.1, 1)  # offsets tried around the start, in log probability
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


def keep_thresholds(log_p: Floats, labels: Ints, groups: list[str], start: Floats) -> Tuning:
    """Leave the offsets as they are."""
    return Tuning(start, tuned=False, reason="tune_thresholds is False")


def tune_thresholds(log_p: Floats, labels: Ints, groups: list[str], start: Floats) -> Tuning:
    """Offsets tuned on each FOLDS - 1 folds of the groups, averaged, if they help the fold left out.

    They are taken if macro-F1 over all left-out rows gains more than one standard error (bootstrap over
    groups, paired) on the offsets `start`; otherwise `start` stays. The mean over the folds smooths what
    the single search owes to chance.

    Parameters
    ----------
    log_p, labels, groups
        Log probabilities [rows, classes], classes and group ids of held-out rows.
    start
        Offsets [classes] in use so far.
    """
    fold = _folds(groups)
    if fold.max() + 1 < FOLDS:
        return Tuning(start, tuned=False, reason=f"fewer than {FOLDS} groups in validation")
    base = _choose(log_p, start)
    chosen, found = base.copy(), []
    for number in range(FOLDS):
        inside = fold == number
        found.append(_search(log_p[~inside], labels[~inside], start))
        chosen[inside] = _choose(log_p[inside], found[-1])
    bootstrap = GroupBootstrap(groups, labels, classes=log_p.shape[1], samples=_SAMPLES, seed=0)
    gain = float(bootstrap.difference(metrics.macro_f1, chosen, base)["value"])
    replicates = [metrics.macro_f1(bootstrap.matrices(rows)) for rows in (chosen, base)]
    error = float(np.std(replicates[0] - replicates[1]))
    if gain <= error:
        reason = "macro-F1 on left-out validation rows gained no more than its standard error"
        return Tuning(start, tuned=False, reason=reason, gain=gain, standard_error=error)
    reason = "macro-F1 on left-out validation rows gained more than its standard error"
    return Tuning(np.mean(found, axis=0), tuned=True, reason=reason, gain=gain, standard_error=error)


def _folds(groups: list[str]) -> Ints:
    """Fold of each row, by the hash of its group; folds have equally many groups."""
    names = sorted(set(groups), key=hash_order)
    place = {name: number % FOLDS for number, name in enumerate(names)}
    return np.array([place[group] for group in groups], dtype=np.int64)


def _choose(log_p: Floats, offsets: Floats) -> Ints:
    return np.asarray((log_p + offsets).argmax(axis=1), dtype=np.int64)


def _search(log_p: Floats, labels: Ints, start: Floats) -> Floats:
    """Coordinate search for the offsets with the best macro-F1; of equals the nearest to the start."""
    offsets = np.array(start, dtype=float)
    fixed = int(np.bincount(labels, minlength=len(start)).argmax())
    moving = [label for label in range(len(start)) if label != fixed]
    for _ in range(_ROUNDS):
        before = offsets.copy()
        for label in moving:
            offsets[label] = _best(log_p, labels, offsets, label, start[label])
        if np.array_equal(before, offsets):
            break
    return offsets


def _best(log_p: Floats, labels: Ints, offsets: Floats, label: int, start: float) -> float:
    """The best offset of one class with the others held."""
    scores = log_p + offsets
    scores[:, label] = -np.inf
    rival, bar = scores.argmax(axis=1), scores.max(axis=1) - log_p[:, label]
    classes, tried = log_p.shape[1], start + _STEPS
    predicted = np.where(tried[:, None] > bar, label, rival)
    cells = predicted + labels * classes + np.arange(len(tried))[:, None] * classes * classes
    counts = np.bincount(cells.ravel(), minlength=len(tried) * classes * classes)
    values = metrics.macro_f1(counts.reshape(len(tried), classes, classes).astype(np.int64))
    order = np.lexsort((np.abs(_STEPS), -np.round(values, 12)))
    return float(tried[order[0]])
