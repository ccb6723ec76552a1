"""The page says the verdict first and gives every figure with its interval."""

from dataclasses import asdict
from typing import Any

import pytest

from pipeline_code.reviews.levers.cross_fit import Plan
from pipeline_code.reviews.levers.learner import TfidfLearner
from pipeline_code.reviews.levers.learning_curve import learning_curve
from pipeline_code.reviews.levers.report import experiment_page
from pipeline_code.reviews.levers.verdicts import Margins
from tests.unit.pipeline_code.reviews.levers.world import CONTRACT, rows

PLAN = Plan(folds=4, repeats=1, bootstrap_samples=200)
OWN = rows(480, wrong=0.2)


def experiment(kind: str, **found: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "title": "A question?",
        "learner": {"name": "tfidf"},
        "contract": CONTRACT.describe(),
        "data": {"rows": len(OWN), "groups": 120},
        "plan": asdict(PLAN),
        "margins": asdict(Margins()),
        **found,
    }


@pytest.fixture(scope="module")
def curve() -> dict[str, Any]:
    return learning_curve(TfidfLearner(3), OWN, CONTRACT, plan=PLAN)


def test_a_learning_curve_is_told_whole(curve: dict[str, Any]) -> None:
    page = experiment_page(experiment("LearningCurve", **curve))
    assert page.splitlines()[:3] == ["# A question?", "", curve["verdict"]["words"]]
    for item in curve["sizes"]["macro_f1"]:
        assert f"| {item['size']:,} | {item['value']:.3f} (" in page
    assert "480 texts of 120 groups" in page
    assert curve["class_plan"]["words"] in page


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    operator = {
        "preservation": {"proven": True, "share": {"value": 0.95, "interval": [0.93, 0.97]}},
        "difference": {"macro_f1": {"value": 0.01, "interval": [0.001, 0.02]}},
        "meant_for": {"texts": "texts with /a|b/", "difference": None},
        "decision": "accept",
    }
    found = {"operators": {"flip": operator}, "verdict": {"words": "Use flip."}}
    (row,) = [
        line for line in experiment_page(experiment("Augmentation", **found)).splitlines() if "flip |" in line
    ]
    assert "a\\|b" in row
    assert row.replace("\\|", "").count("|") == 7
    assert "95.0 % (93.0 to 97.0)" in row
    assert "+1.0 (+0.1 to +2.0)" in row
    assert "too few rows to judge" in row
