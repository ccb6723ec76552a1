"""How much data to gather: a learning curve with a fitted law that is checked on sizes it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.levers.class_plan import class_plan
from pipeline_code.reviews.levers.cross_fit import CrossFit, Plan
from pipeline_code.reviews.levers.curves import TOO_MUCH, Curve, CurveMaker, figure_of
from pipeline_code.reviews.levers.learner import Learner
from pipeline_code.reviews.levers.order import first_of
from pipeline_code.reviews.levers.paired import OVERALL, Figure, spoken
from pipeline_code.reviews.levers.rows import LeverError, Rows
from pipeline_code.reviews.metrics import Ints

_SIZES = 6
_SMALLEST_A_CLASS = 30
_HELD_OUT_SIZES = 2
_MORE = (500, 1000, 2000)
_WORTH = 0.01


def learning_curve(
    learner: Learner,
    rows: Rows,
    contract: Contract,
    *,
    plan: Plan,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Measure, fit, check, forecast; the content of experiment.json.

    Raises
    ------
    LeverError
        There are too few rows for a curve.
    """
    fit = CrossFit(rows, plan)
    maker = CurveMaker(rows, classes=len(contract.classes), plan=plan)
    sizes = _sizes(min(len(part.train) for part in fit.parts()), len(contract.classes))
    predictions: list[Ints] = []
    for size in sizes:
        predictions.append(fit.predicted(learner, first_of(fit, size)))
        say(f"trained on {size} rows")
    curves = maker.curves(sizes, predictions, OVERALL)
    forecasts = {name: _forecast(curve, len(rows)) for name, curve in curves.items()}
    checks = {name: _checks(curve) for name, curve in curves.items()}
    plans = class_plan(learner, fit, contract, maker=maker, whole=predictions[-1], say=say)
    return {
        "sizes": {name: curve.figures() for name, curve in curves.items()},
        "check": checks,
        "law": {name: _law(curve) for name, curve in curves.items()},
        "forecast": forecasts,
        "class_plan": plans,
        "verdict": _verdict(forecasts["macro_f1"], checks["macro_f1"], plans),
    }


def _sizes(full: int, classes: int) -> list[int]:
    smallest = max(_SMALLEST_A_CLASS * classes, full // 32)
    if full < 4 * smallest:
        raise LeverError(
            f"{full} rows to train on are too few for a learning curve: it needs {4 * smallest} or more"
        )
    return [round(size) for size in np.geomspace(smallest, full, _SIZES)]


def _checks(curve: Curve) -> list[dict[str, Any]]:
    """What the law of the smaller sizes says of the larger ones, beside what they show."""
    first = len(curve.sizes) - _HELD_OUT_SIZES
    return [curve.check(first, at) for at in range(first, len(curve.sizes))]


def _law(curve: Curve) -> dict[str, Figure]:
    law, laws = curve.law()
    return {
        name: figure_of(float(getattr(law, name)[0]), getattr(laws, name))
        for name in ("asymptote", "scale", "exponent")
    }


def _forecast(curve: Curve, rows: int) -> list[dict[str, Any]]:
    """What more labels would bring, up to as many again; beyond, a law is no evidence."""
    law, laws = curve.law()
    now, nows = float(law.at(rows)[0]), laws.at(rows)
    steps = sorted({more for more in (*_MORE, rows) if more <= rows})
    return [
        {
            "more_rows": more,
            "rows": rows + more,
            "figure": figure_of(float(law.at(rows + more)[0]), laws.at(rows + more)),
            "gain": figure_of(float(law.at(rows + more)[0]) - now, laws.at(rows + more) - nows),
        }
        for more in steps
    ]


def _verdict(
    forecast: list[dict[str, Any]], checks: list[dict[str, Any]], plans: dict[str, Any]
) -> dict[str, Any]:
    doubling, last = forecast[-1], checks[-1]
    low, high = doubling["gain"]["interval"]
    said = f"{doubling['more_rows']:,} more labels in today's mix bring macro-F1 {spoken(doubling['gain'])}"
    checked = (
        f"the law of up to {last['fitted_up_to']:,} rows says {last['predicted']['value']:.3f} for "
        f"{last['size']:,}, measured is {last['measured']:.3f}: it {last['fit']}"
    )
    if any(check["fit"] == TOO_MUCH for check in checks):
        return {"decision": "can't tell", "words": f"Can't tell: {checked}."}
    if high < _WORTH:
        words = f"Stop labelling and change the model: {said} ({checked})."
        return {"decision": "stop", "words": words}
    if low <= 0:
        return {"decision": "can't tell", "words": f"Can't tell: {said} ({checked})."}
    return {"decision": "label more", "words": f"Label more: {said} ({checked}). {plans['words']}"}
