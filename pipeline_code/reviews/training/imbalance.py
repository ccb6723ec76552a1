"""Rare classes: the options of training, and which class frequencies each makes the model believe in."""

from __future__ import annotations

import numpy as np

from pipeline_code.reviews.metrics import Floats, Ints

NONE = "None"
CLASS_WEIGHTS = "ClassWeights"
LOGIT_ADJUSTMENT = "LogitAdjustment"
FOCAL_LOSS = "FocalLoss"
RESAMPLE = "Resample"
STRATEGIES = (NONE, CLASS_WEIGHTS, LOGIT_ADJUSTMENT, FOCAL_LOSS, RESAMPLE)


def class_counts(label_ids: Ints, classes: int) -> Ints:
    """Rows a class [classes]."""
    return np.bincount(label_ids, minlength=classes).astype(np.int64)


def class_weights(counts: Ints) -> Floats:
    """Inverse frequencies [classes], with a mean of 1 over the rows; 0 for a class without rows."""
    present = counts > 0
    weights: Floats = np.zeros(len(counts))
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights


def log_prior(counts: Ints) -> Floats:
    """Log class frequencies [classes]; a class without rows counts as one row, so that it stays finite."""
    filled = np.maximum(counts, 1)
    prior: Floats = np.log(filled / filled.sum())
    return prior


def prior_shift(strategy: str, natural: Ints, trained: Ints, tau: float) -> Floats | None:
    """What to add to a model's log probabilities to bring them to the natural class frequencies.

    The log ratio of the natural prior to the one that training stood for: uniform with class weights and
    resampling, prior ** (1 - tau) with logit adjustment, that of the rows otherwise. (Saerens, Latinne and
    Decaestecker 2002, eq. 2.4, with known priors; for logit adjustment Menon et al. 2007.07314, eq. 10.)

    Parameters
    ----------
    natural, trained
        Rows a class in the train split, and among the rows that training drew from it.
    tau
        Strength of the logit adjustment.

    Returns
    -------
    Shift [classes] with mean 0, or None where training saw the natural frequencies.
    """
    seen = log_prior(trained)
    if strategy in (CLASS_WEIGHTS, RESAMPLE):
        seen = np.zeros(len(trained))
    elif strategy == LOGIT_ADJUSTMENT:
        seen = (1 - tau) * seen
    shift = log_prior(natural) - seen
    shift -= shift.mean()
    return None if np.allclose(shift, 0, atol=1e-9) else shift
