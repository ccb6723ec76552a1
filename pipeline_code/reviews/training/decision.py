"""From logits to an answer: calibrated probabilities, and the class that is chosen by them.

p = softmax(logits / temperature + bias), and the answer is argmax(log p + offsets). The bias brings
probabilities back to the natural class frequencies where training saw others; the offsets move the choice
alone and leave the probabilities as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from pipeline_code.reviews.calibration import brier_score, calibration_error, confidence_of
from pipeline_code.reviews.metrics import Floats, Ints, confusion_matrix, scores
from pipeline_code.reviews.training.thresholds import Tuning, tune_thresholds

_TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True)
class Decision:
    """Temperature, bias [classes] and offsets [classes], as the module describes them."""

    temperature: float
    bias: Floats
    offsets: Floats

    def log_probabilities(self, logits: Floats) -> Floats:
        """Calibrated log probabilities of logits, both [rows, classes]."""
        found: Floats = log_softmax(logits / self.temperature + self.bias, axis=1)
        return found

    def choose(self, logits: Floats) -> Ints:
        """The class of each row of logits [rows, classes]."""
        return np.asarray((self.log_probabilities(logits) + self.offsets).argmax(axis=1), dtype=np.int64)


def plain_decision(classes: int) -> Decision:
    """The softmax as it is and its largest class."""
    return Decision(1.0, np.zeros(classes), np.zeros(classes))


def calibrate(logits: Floats, labels: Ints, shift: Floats | None) -> Decision:
    """Fit the temperature, and with `shift` the bias too, by the likelihood of held-out rows.

    Temperature scaling (Guo et al. 2017, 1706.04599); with a bias, bias-corrected temperature scaling
    (Alexandari et al. 2020, 1901.06852). The bias is fitted and not simply set to `shift`, because a network
    that comes to fit its training rows obeys their weights only in part (Byrd and Lipton 2019, 1812.03372).
    Weak priors, a standard normal on log temperature and on bias - shift, weigh about as much as one row;
    they keep the fit finite where all rows are right or a class has none.

    Parameters
    ----------
    logits, labels
        Held-out rows [rows, classes] and their classes [rows].
    shift
        What theory says the bias is (see imbalance.prior_shift); None fits no bias.

    Returns
    -------
    A decision whose offsets undo the bias: the classes chosen are those of the model as it was trained.
    """
    rows = np.arange(len(labels))
    expected = np.zeros(logits.shape[1]) if shift is None else shift

    def loss(values: Floats) -> tuple[float, Floats]:
        bias = values[1:] if shift is not None else expected
        scaled = logits * np.exp(-values[0])
        log_p = log_softmax(scaled + bias, axis=1)
        error = np.exp(log_p)
        error[rows, labels] -= 1
        away = bias - expected
        total = -log_p[rows, labels].sum() + (values[0] ** 2 + (away**2).sum()) / 2
        slope = np.concatenate([[values[0] - (error * scaled).sum()], error.sum(axis=0) + away])
        return float(total), slope[: len(values)]

    start = np.concatenate([[0.0], expected if shift is not None else []])
    bounds = [tuple(np.log(_TEMPERATURES)), *[(None, None)] * (len(start) - 1)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    bias = np.asarray(found.x[1:], dtype=float) if shift is not None else expected
    bias = bias - bias.mean()
    return Decision(float(np.exp(found.x[0])), bias, 0.0 - bias)


def decide(
    logits: Floats, labels: Ints, groups: list[str], *, shift: Floats | None, tune: bool
) -> tuple[Decision, dict[str, Any]]:
    """Fit a decision on validation rows; returns it with the content of bertline.json's `decision`.

    Parameters
    ----------
    logits, labels, groups
        Validation rows [rows, classes], their classes and their group ids.
    shift
        As for `calibrate`.
    tune
        Also look for thresholds with a better macro-F1 (see `tune_thresholds`).
    """
    before = plain_decision(logits.shape[1])
    decision = calibrate(logits, labels, shift)

    def calibrated(rows: Ints) -> Floats:
        return calibrate(logits[rows], labels[rows], shift).log_probabilities(logits)

    tuning = Tuning(decision.offsets, tuned=False, reason="tune_thresholds is False")
    if tune:
        tuning = tune_thresholds(calibrated, labels, groups, decision.offsets)
    decision = Decision(decision.temperature, decision.bias, tuning.offsets)
    facts = _facts(decision, tuning) | {
        "fitted_on": "validation",
        "rows": len(labels),
        "groups": len(set(groups)),
        "before": figures(before, logits, labels),
        "after": figures(decision, logits, labels),
    }
    return decision, facts


def plain_facts(classes: int) -> dict[str, Any]:
    """The content of bertline.json's `decision` where there is no validation split to fit it on."""
    kept = Tuning(np.zeros(classes), tuned=False, reason="there is no validation split")
    return _facts(plain_decision(classes), kept) | {"fitted_on": None}


def _facts(decision: Decision, tuning: Tuning) -> dict[str, Any]:
    return {
        "temperature": decision.temperature,
        "bias": decision.bias.tolist(),
        "offsets": decision.offsets.tolist(),
        "thresholds": tuning.report(),
    }


def figures(decision: Decision, logits: Floats, labels: Ints) -> dict[str, float]:
    """ECE, Brier score and negative log likelihood (mean a row), accuracy and macro-F1 of a decision.

    The calibration error is that of the most probable class, which offsets do not move.
    """
    log_p = decision.log_probabilities(logits)
    p = np.exp(log_p)
    matrix = confusion_matrix(labels, decision.choose(logits), p.shape[1])
    return {
        "ece": float(calibration_error(*confidence_of(p, labels))),
        "brier": brier_score(p, labels),
        "nll": -float(log_p[np.arange(len(labels)), labels].mean()),
    } | scores(matrix)
