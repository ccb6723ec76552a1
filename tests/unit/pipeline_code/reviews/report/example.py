"""A made-up evaluation with every part that the report can show, and one with only what it must have.

`python -m tests.unit.pipeline_code.reviews.report.example FOLDER` writes the pages and their data there.
"""

import copy
import json
import sys
from pathlib import Path

from pipeline_code.reviews.report import render, report_json
from tests.unit.pipeline_code.reviews.report import parts
from tests.unit.pipeline_code.reviews.report.gates import gate, rule
from tests.unit.pipeline_code.reviews.report.inputs import mistakes, prepare, validation
from tests.unit.pipeline_code.reviews.report.parts import (
    ACCURACY,
    CLASSES,
    CONTRACT,
    COUNTS,
    GROUPS,
    HASH,
    ROWS,
    Json,
    figure,
)


def evaluation() -> Json:
    """Everything, of a model that passes."""
    return {
        "contract": CONTRACT,
        "rows": ROWS,
        "groups": GROUPS,
        "test_hash": HASH[::-1],
        "intervals": {
            "level": 0.95,
            "method": "percentile bootstrap over groups",
            "samples": 2000,
            "seed": 1,
        },
        "parity": {"rows": ROWS, "different_rows": 0},
        "metrics": {"accuracy": figure(ACCURACY, 220), "macro_f1": figure(0.720, 200)},
        "classes": parts.classes(),
        "confusion_matrix": {"rows": "true", "columns": "predicted", "labels": CLASSES, "counts": COUNTS},
        "calibration": parts.calibration(),
        "baselines": parts.baselines(),
        "human": parts.human(),
        "labels": {
            "alpha": {"nominal": 0.691, "ordinal": 0.801, "ordinal_ratings": 0.829, "interval": 0.820},
            "ambiguous_share": 0.189,
            "unanimous_share": 0.400,
            "no_majority_share": 0.049,
            "probable_errors": 37,
            "queued": 412,
        },
        "literature": [
            {
                "name": "Course labs, balanced",
                "metric": "accuracy",
                "value": 0.727,
                "source": "five seeds pooled",
            }
        ],
        "slices": parts.slices(),
        "discovered_slices": [
            {
                "description": "product = router and words \u2264 9",
                "rows": 23,
                "share": 23 / ROWS,
                "accuracy": figure(0.522, 23),
                "error_rate": 0.478,
                "rest_error_rate": 0.219,
                "p_value": 0.0008,
                "adjusted_p": 0.012,
            }
        ],
        "must_pass": {"examples": 2, "failures": []},
        "constraints": {
            "artifact_mb": 84.2,
            "latency_ms": {"p50": 6.1, "p95": 11.8, "requests": 200},
            "memory_mb": 912.0,
            "cost_per_1000": 0.000412,
            "instance_type": "ml.m5.large",
            "price_per_hour": 0.115,
            "measured_on": "x86_64, 2 cores",
        },
        "error_analysis": parts.errors(),
        "data": {"dataset": parts.dataset()},
        "model": parts.model(),
        "gate": gate(),
    }


def refused() -> Json:
    """The same model where it breaks five rules, each of another kind."""
    found = evaluation()
    found["must_pass"]["failures"] = [
        {
            "number": 2,
            "text": "It broke after two days and the company never answered. Terrible.",
            "label": "negative",
            "predicted": "neutral",
            "probability": 0.61,
        }
    ]
    missed = {
        "recall_neutral": (0.197, 0.40, "recall of neutral 0.197 is below 0.400"),
        "live_slice_returns": (
            -0.143,
            -0.10,
            "accuracy in critical slice returns (4.7 % of the texts) -0.143 against the live model (95 % "
            "interval -0.357 to +0.071) falls by more than 0.100",
        ),
        "must_pass": (1.0, 0.0, "1 of 2 must-pass examples are wrong: number 2 (negative) as neutral"),
        "live_accuracy": (
            -0.061,
            -0.05,
            "accuracy -0.011 against the live model (95 % interval -0.061 to +0.039) cannot be told "
            "from worse "
            "at a margin of 0.050",
        ),
        "memory_mb": (2914.0, 2500.0, "memory of a serving process 2,914 MB is above 2,500 MB"),
    }
    verdict = found["gate"]
    verdict["rules"] = [one for one in verdict["rules"] if one["name"] not in missed]
    verdict["rules"] += [rule(name, *values, passed=False) for name, values in missed.items()]
    reasons = [reason for _, _, reason in missed.values()]
    verdict |= {"passed": False, "reasons": reasons, "summary": "Refused, missed 5 of 16 rules."}
    found["constraints"]["memory_mb"] = 2914.0
    found["classes"]["neutral"]["recall"] = 0.197
    return found


def bare() -> Json:
    """What an evaluation must have: no people, no live model, no slices, no price, no optional part."""
    found = copy.deepcopy(evaluation())
    for name in ("calibration", "labels", "slices", "discovered_slices", "error_analysis", "literature"):
        del found[name]
    found |= {"human": None, "must_pass": {"examples": 0, "failures": []}}
    found["calibration_error"] = 0.041
    found["constraints"] |= {"cost_per_1000": None, "price_per_hour": None}
    found["baselines"] = {name: found["baselines"][name] for name in ("majority", "tfidf")}
    for baseline in found["baselines"].values():
        for difference in baseline["difference"].values():
            del difference["verdict"], difference["words"]
        del baseline["recall"]
    for one in found["classes"].values():
        del one["pr_auc"], one["precision_interval"]
    found["gate"]["rules"] = [rule("min_accuracy", ACCURACY, 0.5, "accuracy 0.761 is at or above 0.500")]
    del found["gate"]["rules"][0]["verdict"]
    found["model"]["training"]["history"] = [{"epoch": 1, "train_loss": 0.5}]
    found["model"]["training"]["examples"]["validation"] = 0
    del found["model"]["decision"]
    return found


def pieces(found: Json | None = None) -> tuple[Json, Json, Json, list[Json]]:
    """The arguments of `render`."""
    return (evaluation() if found is None else found, validation(), prepare(), mistakes())


def main(folder: Path) -> None:
    """Write the pages and their data."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, found in (("passed", evaluation()), ("refused", refused()), ("bare", bare())):
        (folder / f"{name}.html").write_text(render(*pieces(found)), encoding="utf-8")
        data = json.dumps(report_json(*pieces(found)), indent=2)
        (folder / f"{name}.json").write_text(data, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
