"""VADER (Hutto and Gilbert, ICWSM 2014): a word list with ratings and a few rules; it learns nothing."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from pipeline_code.reviews.contract import LabelClass
from pipeline_code.reviews.metrics import Ints

CUT = 0.05  # of the compound score, as its authors advise


def vader(texts: list[str], classes: list[LabelClass]) -> tuple[Ints, dict[str, Any]]:
    """Classify texts by VADER's compound score: at least 0.05 is positive, at most -0.05 negative.

    Parameters
    ----------
    texts
        English texts.
    classes
        Their labels are -1, 0 and 1, or two of these; without a neutral class the score's sign decides.

    Returns
    -------
    Class ids [rows] and the facts of the baseline.
    """
    analyser = SentimentIntensityAnalyzer()
    ids = {item.label: item.id for item in classes}
    cut = CUT if 0 in ids else 0.0
    scores = [analyser.polarity_scores(text)["compound"] for text in texts]
    found = [ids.get(_label(score, cut), ids.get(0, min(ids.values()))) for score in scores]
    return np.asarray(found, dtype=np.int64), {"rules": "VADER", "version": _version(), "cut": cut}


def _label(score: float, cut: float) -> int:
    if score >= cut:
        return 1
    return -1 if score <= -cut else 0


def _version() -> str:
    try:
        return version("vaderSentiment")
    except PackageNotFoundError:  # it travelled with the job code, without its metadata
        return "as shipped with the job code"
