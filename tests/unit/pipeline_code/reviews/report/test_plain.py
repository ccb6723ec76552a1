"""What a refusal says to somebody who knows no statistics."""

import pytest

from pipeline_code.reviews.report.plain import plainly

TERMS = ("interval", "recall", "bootstrap", "percentile", "parity", "margin")


@pytest.mark.parametrize(
    ("name", "value", "bound", "said"),
    [
        ("min_accuracy", 0.421, 0.5, "labels 42 of 100 texts as people did; at least 50"),
        ("macro_f1", 0.5, 0.65, "neglects a class"),
        ("recall_neutral", 0.197, 0.4, "too few of the neutral texts: 20 of 100; at least 40"),
        ("human_recall_neutral", 0.2, 0.385, "finds 20 of 100, while 38"),
        ("calibration", 0.21, 0.15, "21 points of 100 on average; at most 15 points"),
        ("must_pass", 2.0, 0.0, "fails on 2 of the examples that no model may fail on"),
        ("feature_parity", 4.0, 0.0, "read 4 of the test texts differently"),
        ("beats_majority", 0.4, 0.45, "always naming the commonest class reaches without reading (45)"),
        ("beats_tfidf", 0.01, 0.03, "1 point; at least 3 points"),
        ("beats_tfidf", -0.02, 0.03, "negative; at least 3 points"),
        ("live_accuracy", -0.061, -0.05, "up to 6.1 fewer of 100 could be right; at most 5 fewer"),
        (
            "live_slice_returns",
            -0.143,
            -0.1,
            "“returns” it does worse than the model in service: 14.3 fewer of 100",
        ),
        ("worst_critical_slice", 0.41, 0.45, "as few as 41 of 100 right; at least 45"),
        ("memory_mb", 2914.0, 2500.0, "2,914 MB; at most 2,500 MB"),
        ("cost_per_1000", 0.08, 0.05, "$0.080; at most $0.050"),
    ],
)
def test_known_rules_are_told_without_terms(name: str, value: float, bound: float, said: str) -> None:
    shown = plainly({"name": name, "value": value, "bound": bound, "reason": "interval of recall"})
    assert said in shown
    assert not any(term in shown for term in TERMS)
    assert shown.endswith(".")


def test_other_rules_keep_their_reason() -> None:
    rule = {"name": "moon", "value": 1.0, "bound": 2.0, "reason": "the moon is too low"}
    assert plainly(rule) == "The moon is too low."
    unknown = {"name": "cost_per_1000", "value": None, "bound": 0.05, "reason": "the price is not known"}
    assert plainly(unknown) == "The price is not known."
