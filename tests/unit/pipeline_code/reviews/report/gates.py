"""The gate of a made-up evaluation.json."""

from typing import Any

from tests.unit.pipeline_code.reviews.report.parts import ACCURACY, classes

Json = dict[str, Any]


def rule(name: str, value: float | None, bound: float, reason: str, *, passed: bool = True) -> Json:
    verdict = "not judged" if value is None else "passed" if passed else "missed"
    return {
        "name": name,
        "value": value,
        "bound": bound,
        "passed": passed,
        "verdict": verdict,
        "reason": reason,
    }


def gate() -> Json:
    rules = [
        rule("min_accuracy", ACCURACY, 0.5, "accuracy 0.761 is at or above 0.500"),
        rule("macro_f1", 0.720, 0.65, "macro-F1 0.720 is at or above 0.650"),
        *(
            rule(
                f"recall_{name}",
                one["recall"],
                floor,
                f"recall of {name} {one['recall']:.3f} is at or above {floor:.3f}",
            )
            for (name, one), floor in zip(classes().items(), (0.6, 0.4, 0.7), strict=True)
        ),
        rule("calibration", 0.031, 0.15, "calibration error 0.031 is at or below 0.150"),
        rule("must_pass", 0.0, 0.0, "all 2 must-pass examples are right"),
        rule("feature_parity", 0.0, 0.0, "serving and training tokenise 0 of 301 texts differently"),
        rule(
            "beats_majority",
            ACCURACY,
            0.452,
            "accuracy 0.761 beats always guessing the commonest class (0.452)",
        ),
        rule(
            "beats_tfidf",
            0.120,
            0.03,
            "macro-F1 gain over TF-IDF +0.120 (95 % interval +0.065 to +0.175) is at or above 0.030",
        ),
        rule(
            "human_recall_neutral",
            0.53,
            0.385,
            "recall of neutral 0.530 against one person's 0.642 (83 % of it) is at or above the wanted 60 %",
        ),
        rule(
            "live_accuracy",
            -0.037,
            -0.05,
            "accuracy +0.013 against the live model (95 % interval -0.037 to +0.063) is not worse at "
            "a margin of 0.050",
        ),
        rule(
            "worst_critical_slice",
            0.583,
            0.45,
            "in the worst critical slice, negation, accuracy 0.689 on 74 texts is at or "
            "above 0.450 (lower end of the 95 % interval 0.583)",
        ),
        rule(
            "slice_product = router",
            None,
            0.45,
            "critical slice product = router has 3 test texts of 20 needed",
        ),
        rule("artifact_mb", 84.2, 200.0, "the model archive's size 84.2 MB is at or below 200.0 MB"),
        rule(
            "p95_ms",
            11.8,
            500.0,
            "95th percentile of the latency of one text 11.8 ms is at or below 500.0 ms",
        ),
        rule("memory_mb", 912.0, 2500.0, "memory of a serving process 912 MB is at or below 2,500 MB"),
        rule(
            "cost_per_1000",
            0.000412,
            0.05,
            "cost of 1,000 answers in US dollars 0.00041 is at or below 0.05000",
        ),
    ]
    return {
        "passed": True,
        "version": "1.2.0",
        "reasons": [],
        "summary": "Passed all 17 rules.",
        "rules": rules,
    }
