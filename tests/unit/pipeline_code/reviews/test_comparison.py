import pytest

from pipeline_code.reviews.comparison import Comparison, compare


def judged(value: float, low: float, high: float, margin: float = 0.02) -> Comparison:
    return compare({"value": value, "interval": [low, high]}, margin, rows=304, groups=27)


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (0.05, 0.01, 0.09, "better"),
        (0.05, 0.0, 0.09, "not worse"),
        (0.0, 0.0, 0.0, "not worse"),
        (-0.005, -0.02, 0.01, "not worse"),
        (-0.01, -0.015, -0.005, "not worse"),
        (-0.06, -0.09, -0.03, "worse"),
        (-0.03, -0.05, -0.01, "worse"),
        (0.0, -0.021, 0.03, "can't tell"),
        (-0.03, -0.06, 0.0, "can't tell"),
    ],
)
def test_verdicts(value: float, low: float, high: float, verdict: str) -> None:
    assert judged(value, low, high).verdict == verdict


def test_the_words_name_points_interval_and_size() -> None:
    assert judged(0.05, 0.012, 0.091).words == (
        "Better than the live model: accuracy differs by +5.0 points (95 % interval +1.2 to +9.1) on 304 "
        "rows of 27 groups."
    )
    assert judged(-0.004, -0.018, 0.01).words.startswith(
        "Not worse than the live model by more than 2.0 points: accuracy differs by -0.4 points"
    )
    named = compare(
        {"value": -0.1, "interval": [-0.2, -0.01]}, 0, rows=1_500, groups=1, metric="recall", other="TF-IDF"
    )
    assert named.words.startswith("Worse than TF-IDF: recall differs by -10.0 points")
    assert named.words.endswith("on 1,500 rows of 1 group.")


def test_cant_tell_says_how_much_data_would() -> None:
    """0 +- 4 points must shrink to +- 2, the margin: four times the data."""
    found = judged(0.0, -0.04, 0.04)
    assert found.words.startswith("Can't tell whether it is worse than the live model: accuracy")
    assert found.words.endswith("If the difference stays, about 1,300 rows of 110 groups would tell.")
    worse = judged(-0.04, -0.08, 0.0 + 1e-9)
    assert worse.words.endswith("about 310 rows of 28 groups would tell.")


def test_a_difference_at_the_margin_is_told_from_nought_sooner() -> None:
    assert judged(-0.02, -0.06, 0.02).words.endswith("about 1,300 rows of 110 groups would tell.")
    assert judged(-1e-5, -0.04, 0.04, margin=0.0).words.endswith("not even 1,000 times the data would tell.")
    assert "no amount of data" in judged(0.0, -0.04, 0.04, margin=0.0).words


def test_the_report_is_a_figure_with_verdict_and_words() -> None:
    found = judged(0.05, 0.01, 0.09)
    assert found.report() == {
        "value": 0.05,
        "interval": [0.01, 0.09],
        "verdict": "better",
        "words": found.words,
    }


def test_a_negative_margin_is_refused() -> None:
    with pytest.raises(ValueError, match=r"margin must be at least 0, got -0\.01"):
        judged(0.0, 0.0, 0.0, margin=-0.01)
