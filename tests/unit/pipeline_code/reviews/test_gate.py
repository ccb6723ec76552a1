from typing import Any

import pytest

from pipeline_code.reviews.contract import GateFloors
from pipeline_code.reviews.gate import Rule, Verdict, judge

FLOORS = GateFloors(
    macro_f1=0.65, recall={"neutral": 0.4}, macro_f1_margin_over_tfidf=0.03, bootstrap_samples=100
)


def evaluation(**changes: float) -> dict[str, Any]:
    values = {"accuracy": 0.8, "macro_f1": 0.75, "recall": 0.5, "majority": 0.5, "gain": 0.1, "different": 0}
    found = values | changes
    return {
        "rows": 300,
        "groups": 30,
        "metrics": {
            "accuracy": {"value": found["accuracy"], "interval": [0.7, 0.9]},
            "macro_f1": {"value": found["macro_f1"], "interval": [0.6, 0.8]},
        },
        "classes": {"neutral": {"recall": found["recall"]}},
        "baselines": {
            "majority": {"metrics": {"accuracy": {"value": found["majority"]}}},
            "tfidf": {"difference": {"macro_f1": {"value": found["gain"], "interval": [0.0, 0.2]}}},
        },
        "parity": {"rows": 300, "different_rows": int(found["different"])},
    }


def test_a_good_model_passes_every_rule() -> None:
    report = judge(evaluation(), FLOORS, 0.7).report()
    assert report["passed"] is True
    assert report["reasons"] == []
    assert report["summary"].startswith("Passed all 6 rules: accuracy 0.800")
    assert all(rule["passed"] and rule["reason"] for rule in report["rules"])


@pytest.mark.parametrize(
    ("changes", "rule", "said"),
    [
        ({"accuracy": 0.69}, "min_accuracy", "accuracy 0.690 is below 0.700"),
        ({"macro_f1": 0.64}, "macro_f1", "macro-F1 0.640 is below 0.650"),
        ({"recall": 0.39}, "recall_neutral", "recall of neutral 0.390 is below 0.400"),
        ({"majority": 0.8}, "beats_majority", "does not beat always guessing"),
        ({"gain": 0.029}, "beats_tfidf", "gain over TF-IDF +0.029"),
        ({"different": 2}, "feature_parity", "tokenise 2 of 300 texts differently"),
    ],
)
def test_each_rule_refuses_alone_and_says_why(changes: dict[str, float], rule: str, said: str) -> None:
    report = judge(evaluation(**changes), FLOORS, 0.7).report()
    assert report["passed"] is False
    assert [item["name"] for item in report["rules"] if not item["passed"]] == [rule]
    assert said in report["reasons"][0]
    assert said in report["summary"]


def test_values_on_the_bound_pass() -> None:
    assert judge(evaluation(accuracy=0.7, macro_f1=0.65, recall=0.4, gain=0.03), FLOORS, 0.7).passed


def test_the_summary_is_bounded() -> None:
    rules = [Rule(f"r{n}", 0, 1, False, "a long reason " * 5) for n in range(40)]
    summary = Verdict(rules, "accuracy").summary()
    assert len(summary) == 800
    assert summary.endswith("...")
