from collections.abc import Callable
from typing import Any

import pytest

from pipeline_code.reviews.gate import Rule, Verdict, judge
from tests.unit.pipeline_code.reviews.gate.example import contract, evaluation, figure

Change = Callable[[dict[str, Any]], object]


def missed(change: Change, min_accuracy: float = 0.7, **bounds: Any) -> dict[str, str]:
    """Names and reasons of the rules that a changed evaluation misses."""
    found = evaluation()
    change(found)
    report = judge(found, contract(**bounds), min_accuracy).report()
    assert report["passed"] is (not report["reasons"])
    return {rule["name"]: rule["reason"] for rule in report["rules"] if not rule["passed"]}


def test_a_good_model_passes_every_rule() -> None:
    report = judge(evaluation(), contract(), 0.7).report()
    assert report["passed"] is True
    assert report["reasons"] == []
    assert report["version"] == "2.0.1"
    assert report["summary"].startswith("Passed all 19 rules: accuracy 0.800")
    assert all(rule["verdict"] == "passed" and rule["reason"] for rule in report["rules"])


@pytest.mark.parametrize(
    ("change", "rule", "said"),
    [
        (
            lambda e: e["metrics"].update(accuracy=figure(0.69)),
            "min_accuracy",
            "accuracy 0.690 is below 0.700",
        ),
        (lambda e: e["metrics"].update(macro_f1=figure(0.64)), "macro_f1", "macro-F1 0.640 is below 0.650"),
        (lambda e: e["classes"]["neutral"].update(recall=0.39), "recall_neutral", "recall of neutral 0.390"),
        (
            lambda e: e["baselines"]["majority"]["metrics"].update(accuracy=figure(0.8)),
            "beats_majority",
            "does not beat always guessing",
        ),
        (
            lambda e: e["baselines"]["tfidf"]["difference"].update(macro_f1=figure(0.029)),
            "beats_tfidf",
            "gain over TF-IDF +0.029",
        ),
        (
            lambda e: e["parity"].update(different_rows=2),
            "feature_parity",
            "tokenise 2 of 300 texts differently",
        ),
        (lambda e: e["calibration"].update(ece=figure(0.2)), "calibration", "error 0.200 is above 0.100"),
        (
            lambda e: e["must_pass"].update(
                failures=[{"number": 2, "label": "negative", "predicted": "positive"}]
            ),
            "must_pass",
            "1 of 3 must-pass examples are wrong: number 2 (negative) as positive",
        ),
        (
            lambda e: e["slices"]["returns"].update(accuracy=figure(0.6, 0.45, 0.75)),
            "worst_critical_slice",
            "0.600 on 40 texts is not surely at or above 0.500 (lower end of the 95 % interval 0.450)",
        ),
        (
            lambda e: e["slices"]["returns"].update(live_difference=figure(-0.1)),
            "live_slice_returns",
            "critical slice returns (4.5 % of the texts) -0.100 against the live model",
        ),
        (
            lambda e: e["constraints"].update(artifact_mb=120.5),
            "artifact_mb",
            "size 120.5 MB is above 100.0 MB",
        ),
        (lambda e: e["constraints"]["latency_ms"].update(p95=51), "p95_ms", "51.0 ms is above 50.0 ms"),
        (lambda e: e["constraints"].update(memory_mb=1200), "memory_mb", "1,200 MB is above 900 MB"),
        (lambda e: e["constraints"].update(cost_per_1000=0.02), "cost_per_1000", "0.02000 is above 0.01000"),
        (
            lambda e: e["constraints"].update(cost_per_1000=None),
            "cost_per_1000",
            "add ml.m5.large to the price list",
        ),
    ],
)
def test_each_rule_refuses_alone_and_says_why(change: Change, rule: str, said: str) -> None:
    found = missed(change)
    assert list(found) == [rule]
    assert said in found[rule]


def test_the_contracts_own_floor_of_accuracy_applies_beside_the_parameter() -> None:
    assert list(missed(lambda e: None, accuracy=0.81)) == ["accuracy"]


def test_people_are_the_bound_of_each_class_even_for_a_model_that_beats_them() -> None:
    def beats_people_but_not_in_a_class(found: dict[str, Any]) -> None:
        recall = dict(found["human"]["model"]["recall"], neutral=0.2, negative=0.99)
        found["human"]["model"] = {"accuracy": 0.85, "recall": recall}

    reasons = missed(beats_people_but_not_in_a_class, recall={})
    assert list(reasons) == ["human_recall_neutral"]
    assert (
        "0.200 against one person's 0.640 (31 % of it) is below the wanted 60 %"
        in reasons["human_recall_neutral"]
    )
    assert "accuracy 0.850 above one person's 0.820 does not make up for" in reasons["human_recall_neutral"]


def test_people_and_model_are_compared_where_people_rated() -> None:
    def rated_in_part(found: dict[str, Any]) -> None:
        found["human"]["rows"] = 40
        found["human"]["model"]["recall"]["neutral"] = 0.3

    reasons = missed(rated_in_part)
    assert list(reasons) == ["human_recall_neutral"]
    assert "0.640 (47 % of it) on the 40 texts that people rated is below" in reasons["human_recall_neutral"]


def test_when_people_agree_more_the_bound_moves() -> None:
    def people_agree_more(found: dict[str, Any]) -> None:
        found["human"]["levels"]["1"]["recall"]["neutral"] = 0.9

    assert list(missed(people_agree_more)) == ["human_recall_neutral"]


def unsure(found: dict[str, Any]) -> None:
    found["baselines"]["live"]["difference"]["accuracy"] = figure(0.0) | {"verdict": "can't tell"}


def test_when_a_difference_cannot_be_told_the_contract_decides() -> None:
    reasons = missed(unsure)
    assert list(reasons) == ["live_accuracy"]
    assert (
        "+0.000 against the live model (95 % interval -0.050 to +0.050) cannot be told"
        in reasons["live_accuracy"]
    )
    assert missed(unsure, live={"margin": 0.02, "when_unsure": "pass"}) == {}


def test_a_worse_model_is_refused_whatever_happens_when_unsure() -> None:
    def worse(found: dict[str, Any]) -> None:
        found["baselines"]["live"]["difference"]["macro_f1"] = figure(-0.1) | {"verdict": "worse"}

    assert list(missed(worse, live={"when_unsure": "pass"})) == ["live_macro_f1"]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda e: e["baselines"].pop("live"), "live"),
        (lambda e: e.update(human={"reason": "nobody rated"}), "human_recall"),
        (lambda e: e["must_pass"].update(examples=0), "must_pass"),
        (lambda e: e["slices"]["returns"].update(rows=19), "slice_returns"),
        (
            lambda e: e["human"]["levels"]["1"]["recall"].update(neutral=0.0),
            "human_recall_neutral",
        ),
    ],
)
def test_what_cannot_be_judged_is_said_and_does_not_refuse(change: Change, rule: str) -> None:
    found = evaluation()
    change(found)
    report = judge(found, contract(), 0.7).report()
    assert report["passed"] is True
    assert [item["name"] for item in report["rules"] if item["verdict"] == "not judged"] == [rule]


def test_a_class_that_the_test_split_lacks_refuses_and_the_reason_is_not_a_recall_of_zero() -> None:
    def lacks_neutral(found: dict[str, Any]) -> None:
        found["classes"]["neutral"].update(recall=0.0, support=0)

    reasons = missed(lacks_neutral, human_recall_share=None)
    assert reasons == {
        "recall_neutral": "recall of neutral is not known: the test split has no text of that class"
    }


def test_a_critical_slice_of_one_group_says_that_and_not_that_texts_are_too_few() -> None:
    found = evaluation()
    found["slices"]["returns"].update(accuracy=None, live_difference=None)
    rules = judge(found, contract(), 0.7).report()["rules"]
    (rule,) = [item for item in rules if item["verdict"] == "not judged"]
    assert rule["reason"].startswith("the 40 test texts of critical slice returns belong to one group")


def test_a_live_model_of_other_classes_is_not_said_to_be_absent() -> None:
    found = evaluation()
    found["baselines"].pop("live")
    found["live"] = {"package": "a/7", "reason": "the live model answers ['no', 'yes']"}
    rules = {rule["name"]: rule for rule in judge(found, contract(), 0.7).report()["rules"]}
    assert rules["live"]["verdict"] == "not judged"
    assert rules["live"]["reason"] == "the live model answers ['no', 'yes']"


def test_bounds_that_are_not_set_are_not_judged() -> None:
    off = {"human_recall_share": None, "max_calibration_error": None, "critical_slice_floor": None}
    report = judge(evaluation(), contract(**off, constraints={}), 0.7).report()
    names = {rule["name"] for rule in report["rules"]}
    assert names.isdisjoint({"human_recall_neutral", "calibration", "worst_critical_slice", "p95_ms"})


def test_values_on_the_bound_pass() -> None:
    def on_the_bound(found: dict[str, Any]) -> None:
        found["metrics"] = {"accuracy": figure(0.7), "macro_f1": figure(0.65)}
        found["classes"]["neutral"]["recall"] = 0.4
        found["calibration"]["ece"] = figure(0.1)
        found["slices"]["returns"]["live_difference"] = figure(-0.05)

    assert missed(on_the_bound) == {}


def test_a_long_summary_counts_the_reasons_it_leaves_out() -> None:
    rules = [Rule(f"r{n}", 0, 1, "missed", "a long reason " * 5) for n in range(40)]
    summary = Verdict(rules, "accuracy 0.5", "1.0.0").summary()
    assert len(summary) <= 800
    assert summary.startswith("Refused, missed 40 of 40 rules: a long reason")
    assert "; and 30 more. Measured: accuracy 0.5." in summary
