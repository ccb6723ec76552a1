"""Labels that a model disagrees with, from out-of-fold probabilities: candidates for people to look at.

On real noise this is triage, not proof: of the sentences it finds, about a third are wrong (docs/labels.md),
so nothing is ever relabelled or deleted by it alone.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_code.reviews.metrics import Floats, Ints

OURS = "confident learning (self-confidence, thresholds a class)"
CLEANLAB = "cleanlab (self-confidence, pruned by noise rate)"


_ROUNDING = 1e-6
Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class LabelIssues:
    """`quality` is low where the label is doubtful [rows], `flagged` are the probable errors [rows]."""

    quality: Floats
    flagged: Flags
    method: str


def label_issues(label_ids: Ints, probabilities: Floats, *, use_cleanlab: bool | None = None) -> LabelIssues:
    """Rank labels by self-confidence and flag the probable errors among them.

    Quality is the probability of the given label. A row is flagged if another class is the likeliest of those
    that reach the mean probability which they have among their own rows (Northcutt, Jiang and Chuang 2021),
    and the label is not the likeliest of all. Where cleanlab is installed, its pruning by noise rate flags.

    Parameters
    ----------
    probabilities
        Of each class [rows, classes], from models that were not trained on the row's group.
    use_cleanlab
        None: if it is installed. False: never.

    Raises
    ------
    ModuleNotFoundError
        `use_cleanlab` is True and it is not installed.
    """
    quality = probabilities[np.arange(len(label_ids)), label_ids]
    if use_cleanlab is None:
        use_cleanlab = importlib.util.find_spec("cleanlab") is not None
    if use_cleanlab and len(np.unique(label_ids)) > 1:  # it takes no data of one class
        return LabelIssues(quality, _pruned_by_noise_rate(label_ids, probabilities), CLEANLAB)
    return LabelIssues(quality, _off_diagonal(label_ids, probabilities), OURS)


def _off_diagonal(label_ids: Ints, probabilities: Floats) -> Flags:
    """Rows off the diagonal of the confident joint."""
    classes = probabilities.shape[1]
    rows = np.maximum(np.bincount(label_ids, minlength=classes), 1)
    own = np.where(label_ids[:, None] == np.arange(classes), probabilities, 0.0)
    thresholds = np.where(np.bincount(label_ids, minlength=classes) > 0, own.sum(axis=0) / rows, np.inf)
    confident = np.where(probabilities >= thresholds - _ROUNDING, probabilities, -1.0)
    beaten = probabilities.argmax(axis=1) != label_ids
    off: Flags = beaten & (confident.max(axis=1) >= 0) & (confident.argmax(axis=1) != label_ids)
    return off


def _pruned_by_noise_rate(label_ids: Ints, probabilities: Floats) -> Flags:
    find = importlib.import_module("cleanlab.filter").find_label_issues
    return np.asarray(find(label_ids, probabilities, filter_by="prune_by_noise_rate", n_jobs=1), dtype=bool)
