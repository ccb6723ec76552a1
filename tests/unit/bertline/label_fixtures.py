"""labels.json as the Baselines step writes it."""

import copy
from typing import Any


def figure(value: float, reach: float = 0.02) -> dict[str, Any]:
    return {"value": value, "interval": [value - reach, value + reach]}


def level(accuracy: float) -> dict[str, Any]:
    recall = {"negative": 0.9, "neutral": 0.6, "positive": 0.9}
    return {"rows": 500, "accuracy": figure(accuracy), "macro_f1": figure(accuracy - 0.03), "recall": recall}


def definition(cut: float, in_use: bool) -> dict[str, Any]:
    levels = {"1": {"accuracy": 0.81, "macro_f1": 0.7, "recall": {}}}
    shares = {"negative": 0.3, "neutral": 0.2, "positive": 0.5}
    return {"cuts": [-cut, cut], "in_use": in_use, "shares": shares, "levels": levels}


_REPORT: dict[str, Any] = {
    "rows": 510,
    "rated_rows": 500,
    "human": {
        "rows": 500,
        "reference": "the class of the mean rating of the raters that remain",
        "levels": {"1": level(0.85), "9": level(0.92)},
    },
    "agreement": {
        "alpha": {
            "interval": figure(0.82),
            "nominal": figure(0.69),
            "ordinal": {"value": None, "interval": None},
        },
        "pairwise": 0.807,
        "majority_is_mean": 0.941,
        "majority_ties": 0.012,
        "reliability": {"1": 0.82},
    },
    "definition": [definition(0.25, False), definition(0.5, True), definition(1.0, False)],
    "ambiguity": {
        "ambiguous_share": 0.189,
        "unanimous_share": 0.4,
        "no_majority_share": 0.05,
        "opposed_share": 0.28,
        "bands": [{"band": "all agree", "rows": 200, "share": 0.4, "human": 1.0, "model": None}],
    },
    "raters": {
        "raters": 30,
        "suspect": 1,
        "weakest": [
            {"rater": "w[1]", "ratings": 30, "agreement": 0.4, "accuracy": 0.5, "bias": 1.5, "suspect": True},
            {"rater": "w2", "ratings": 30, "agreement": 0.8, "accuracy": 0.8, "bias": 0.0, "suspect": False},
        ],
    },
    "issues": {"method": "x", "flagged": 90, "flagged_share": 0.18, "probable_errors": 60},
    "relabel": {"queued": 150, "more_ratings": 90, "second_look": 60, "expected_fixed": 12.4},
}
_NOTHING = {"agreement": None, "human": {"reason": "no text has ratings of more than one person"}}


def labels() -> dict[str, Any]:
    return copy.deepcopy(_REPORT)


def unrated() -> dict[str, Any]:
    return labels() | _NOTHING | {"rated_rows": 0, "definition": [], "ambiguity": None, "raters": None}
