"""Which class to label next: curves over the rows of one class at a time, the other classes as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline_code.reviews import metrics
from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.levers.cross_fit import CrossFit
from pipeline_code.reviews.levers.curves import TOO_MUCH, Curve, CurveMaker, figure_of
from pipeline_code.reviews.levers.learner import Learner
from pipeline_code.reviews.levers.order import share_of_class
from pipeline_code.reviews.levers.paired import spoken
from pipeline_code.reviews.metrics import Ints

_SHARES = (0.25, 0.35, 0.5, 0.7, 1.0)
_STEP = 50
_WANTED = 0.01
_METRIC = "macro_f1"


def class_plan(
    learner: Learner,
    fit: CrossFit,
    contract: Contract,
    *,
    maker: CurveMaker,
    whole: Ints,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """For each class, how many more labels of it raise macro-F1 by a point.

    Parameters
    ----------
    whole
        Predictions [repeats, rows] of models trained on all rows, which every curve ends with.
    """
    found = {}
    for label, name in enumerate(contract.class_names):
        predictions = [
            fit.predicted(learner, share_of_class(fit, label, share)) for share in _SHARES if share < 1
        ]
        say(f"trained with {len(predictions)} shares of class {name}")
        rows = int((fit.rows.label_ids == label).sum())
        trained = rows * (fit.plan.folds - 1) / fit.plan.folds
        sizes = [max(1, round(share * trained)) for share in _SHARES]
        curve = maker.curves(sizes, [*predictions, whole], {_METRIC: metrics.macro_f1})[_METRIC]
        check = curve.check(len(sizes) - 1, len(sizes) - 1)
        found[name] = {"rows": rows, "curve": curve.figures(), "check": check, **_wanted(curve, rows)}
    return {"metric": _METRIC, "wanted": _WANTED, "classes": found, **_best(found)}


def _wanted(curve: Curve, rows: int) -> dict[str, Any]:
    """The fewest more labels that bring the wanted gain, and the gain of as many as there are now."""
    law, laws = curve.law()
    now, nows = law.at(rows), laws.at(rows)
    steps = np.arange(_STEP, max(rows, _STEP) + 1, _STEP)
    gains = [float((law.at(rows + more) - now)[0]) for more in steps.tolist()]
    enough = next((int(more) for more, gain in zip(steps, gains, strict=True) if gain >= _WANTED), None)
    asked = int(steps[-1]) if enough is None else enough
    gain = figure_of(float((law.at(rows + asked) - now)[0]), laws.at(rows + asked) - nows)
    return {"more_rows": asked, "reaches_wanted": enough is not None, "gain": gain}


def _best(found: dict[str, Any]) -> dict[str, Any]:
    """The class with the most gain a label, among those whose gain is shown by a law that keeps its word."""
    sure = [
        name
        for name, item in found.items()
        if item["gain"]["interval"][0] > 0 and item["check"]["fit"] != TOO_MUCH
    ]
    if not sure:
        return {"best": None, "words": "No class is sure to bring macro-F1 by labelling it alone."}
    best = max(sure, key=lambda name: float(found[name]["gain"]["value"]) / int(found[name]["more_rows"]))
    item = found[best]
    words = f"Label {item['more_rows']} more of class {best} for macro-F1 {spoken(item['gain'])}."
    return {"best": best, "words": words}
