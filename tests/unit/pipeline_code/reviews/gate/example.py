"""An evaluation whose every part passes, for tests to spoil in one place."""

from typing import Any

from pipeline_code.reviews.contract import Contract, GateFloors, LabelClass, StarRating
from pipeline_code.reviews.contract.rules import EventTime, GroupRule
from pipeline_code.reviews.contract.sources import TableColumns, TableSource

NAMES = ("negative", "neutral", "positive")
BOUNDS: dict[str, Any] = {
    "macro_f1": 0.65,
    "recall": {"neutral": 0.4},
    "macro_f1_margin_over_tfidf": 0.03,
    "human_recall_share": 0.6,
    "max_calibration_error": 0.1,
    "critical_slice_floor": 0.5,
    "slice_margin": 0.05,
    "live": {"margin": 0.02},
    "constraints": {"artifact_mb": 100, "p95_ms": 50, "memory_mb": 900, "cost_per_1000": 0.01},
    "bootstrap_samples": 100,
}


def contract(**bounds: Any) -> Contract:
    """A small contract; `bounds` change its gate."""
    return Contract(
        name="small",
        version="2.0.1",
        description="",
        max_quarantine_share=0.1,
        max_text_characters=100,
        classes=[LabelClass(id=place, name=name, label=place - 1) for place, name in enumerate(NAMES)],
        label_rule=StarRating(kind="star_rating", cuts=[2.5, 3.5], rating_min=1, rating_max=5),
        group=GroupRule(rule="id"),
        event_time=EventTime.model_validate({"rule": "constant", "constant": "2024-01-01T00:00:00Z"}),
        sources=[
            TableSource(
                kind="table", tag="t", licence="none", format="csv", files="*.csv",
                columns=TableColumns(text="text", rating="stars"),
            )
        ],
        gate=GateFloors.model_validate(BOUNDS | bounds),
    )  # fmt: skip


def figure(value: float, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    """A figure with its interval; 0.05 to both sides unless given."""
    return {
        "value": value,
        "interval": [value - 0.05 if low is None else low, value + 0.05 if high is None else high],
    }


def evaluation() -> dict[str, Any]:
    """All of evaluation.json that the gate reads."""
    better = figure(0.04, 0.01, 0.07) | {"verdict": "better", "words": ""}
    return {
        "rows": 300,
        "groups": 30,
        "metrics": {"accuracy": figure(0.8), "macro_f1": figure(0.75)},
        "classes": {
            name: {"recall": recall, "support": 100}
            for name, recall in zip(NAMES, (0.8, 0.5, 0.9), strict=True)
        },
        "baselines": {
            "majority": {"metrics": {"accuracy": figure(0.5)}},
            "tfidf": {"difference": {"macro_f1": figure(0.1)}},
            "live": {"difference": {"accuracy": dict(better), "macro_f1": dict(better)}},
        },
        "human": {
            "rows": 300,
            "model": {"accuracy": 0.8, "recall": dict(zip(NAMES, (0.8, 0.5, 0.9), strict=True))},
            "levels": {
                "1": {
                    "accuracy": figure(0.82),
                    "recall": dict(zip(NAMES, (0.88, 0.64, 0.91), strict=True)),
                }
            }
        },
        "calibration": {"ece": figure(0.04)},
        "must_pass": {"examples": 3, "failures": []},
        "parity": {"rows": 300, "different_rows": 0},
        "slices": {
            "returns": {
                "critical": True, "rows": 40, "share": 0.045, "accuracy": figure(0.75),
                "live_difference": figure(0.0) | {"verdict": "can't tell", "words": ""},
            },
            "short": {
                "critical": False, "rows": 40, "share": 0.1, "accuracy": figure(0.2), "live_difference": None,
            },
        },
        "constraints": {
            "artifact_mb": 90.0, "latency_ms": {"p50": 5.0, "p95": 9.0, "requests": 100}, "memory_mb": 700.0,
            "cost_per_1000": 0.001, "instance_type": "ml.m5.large",
        },
    }  # fmt: skip
