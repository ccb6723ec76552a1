"""What intervals allow to say: accept only without a doubt, refuse what is shown to harm."""

from typing import Any

import pytest

from pipeline_code.reviews.levers.verdicts import Margins, describe_margins, judge_treatment, worst_slice

MARGINS = Margins(overall=0.01, slice=0.05, slice_min_rows=20, least_gain=0.005)
FINE = (0.0, -0.004, 0.004)


def figure(value: float, low: float, high: float) -> dict[str, Any]:
    return {"value": value, "interval": [low, high]}


def judged(
    macro_f1: tuple[float, float, float],
    accuracy: tuple[float, float, float] = FINE,
    **slices: tuple[float, float, float] | None,
) -> tuple[str, str]:
    parts = {
        name: {"rows": 90, "groups": 30, "share": 0.1, "difference": found and figure(*found)}
        for name, found in slices.items()
    }
    return judge_treatment({"accuracy": figure(*accuracy), "macro_f1": figure(*macro_f1)}, parts, MARGINS)


@pytest.mark.parametrize(
    ("macro_f1", "accuracy", "decision", "why"),
    [
        ((0.02, 0.01, 0.03), FINE, "accept", "the gain is shown: macro-F1 +2.0 points"),
        ((0.004, -0.009, 0.02), FINE, "accept", "the gain itself is not shown beyond doubt"),
        ((0.02, 0.01, 0.03), (-0.01, -0.02, -0.001), "refuse", "harm is shown: accuracy falls: -1.0 points"),
        ((-0.02, -0.03, -0.01), FINE, "refuse", "harm is shown: macro-F1 falls: -2.0 points"),
        ((-0.01, -0.02, 0.004), FINE, "refuse", "it brings too little"),
        ((0.01, -0.02, 0.04), FINE, "can't tell", "macro-F1 may fall by more than 1 points"),
        ((0.02, 0.01, 0.03), (0.0, -0.02, 0.02), "can't tell", "accuracy may fall by more than 1 points"),
        ((-0.001, -0.009, 0.007), FINE, "can't tell", "no gain to be seen"),
    ],
)
def test_the_overall_figures_decide(
    macro_f1: tuple[float, float, float], accuracy: tuple[float, float, float], decision: str, why: str
) -> None:
    found, words = judged(macro_f1, accuracy)
    assert found == decision
    assert why in words


def test_a_gain_overall_is_refused_for_harm_in_one_slice() -> None:
    found, words = judged((0.02, 0.01, 0.03), returns=(-0.1, -0.15, -0.05), short=FINE)
    assert (found, "accuracy in slice returns falls: -10.0 points" in words) == ("refuse", True)


def test_a_slice_too_small_to_tell_says_how_many_rows_would_do() -> None:
    found, words = judged((0.02, 0.01, 0.03), returns=(-0.01, -0.09, 0.07))
    assert found == "can't tell"
    # 90 rows have 8 points below the value, 4 are allowed: (8 / 4) ** 2 times the rows.
    assert "on 90 rows; about 360 rows of it would settle it" in words


def test_no_number_of_rows_settles_a_slice_that_falls_beyond_the_margin() -> None:
    words = judged((0.02, 0.01, 0.03), returns=(-0.06, -0.13, 0.01))[1]
    assert "on 90 rows" in words
    assert "settle" not in words


def test_a_slice_that_was_not_judged_does_not_count() -> None:
    assert judged((0.02, 0.01, 0.03), returns=None)[0] == "accept"


def test_the_worst_slice_is_the_one_whose_interval_reaches_lowest() -> None:
    slices = {
        "a": {"difference": figure(-0.02, -0.03, 0.0)},
        "b": {"difference": figure(0.01, -0.08, 0.1)},
        "c": {"difference": None},
    }
    assert worst_slice(slices) == "b"
    assert worst_slice({"c": {"difference": None}}) is None


def test_the_rule_is_told_with_its_numbers() -> None:
    told = describe_margins(Margins(overall=0.02, slice=0.04, slice_min_rows=33, least_gain=0.003))
    assert all(number in told for number in ("2 points", "4 points", "33 rows", "0.3 points"))
