"""The gate takes data like the own, and refuses what teaches the wrong thing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline_code.reviews.levers.add_data import AddDataGate
from pipeline_code.reviews.levers.candidates import Candidate
from pipeline_code.reviews.levers.cross_fit import Plan
from pipeline_code.reviews.levers.learner import TfidfLearner
from pipeline_code.reviews.levers.rows import Rows
from pipeline_code.reviews.levers.verdicts import Margins
from tests.unit.pipeline_code.reviews.levers.world import CONTRACT, rows

OWN = rows(240, wrong=0.2)
PLAN = Plan(folds=4, repeats=2, bootstrap_samples=500)
# Few rows: only what is large can be shown, and slices are left out of it.
MARGINS = Margins(overall=0.03, slice_min_rows=1000)


def judged(candidate: Rows, **changes: Any) -> dict[str, Any]:
    gate = AddDataGate(TfidfLearner(3), OWN, CONTRACT, plan=PLAN, margins=replace(MARGINS, **changes))
    return gate.judge(Candidate(CONTRACT, candidate, len(candidate)))


def test_more_of_the_same_is_accepted() -> None:
    found = judged(rows(600, seed=5, wrong=0.2))
    assert found["verdict"]["decision"] == "accept"
    assert found["verdict"]["weight"] in (0.3, 1.0)
    assert "Accept amazon-snippets at weight" in found["verdict"]["words"]


def test_labels_that_mean_something_else_are_refused() -> None:
    found = judged(rows(600, seed=5, shift=1))
    assert [item["decision"] for item in found["weights"]] == ["refuse", "refuse"]
    assert found["verdict"] == {**found["verdict"], "decision": "refuse", "weight": 0.0}
    assert "harm is shown" in found["verdict"]["words"]


def test_noise_is_not_accepted() -> None:
    assert judged(rows(100, seed=5, wrong=1.0), overall=0.001)["verdict"]["decision"] != "accept"


def test_slices_of_the_contract_are_judged_by_themselves() -> None:
    item = judged(rows(100, seed=5), slice_min_rows=5)["weights"][0]
    assert set(item["slices"]) == {part.name for part in CONTRACT.slices}
    short = item["slices"]["short"]
    assert short["rows"] == sum(len(text.split()) <= 5 for text in OWN.texts) > 5
    assert short["difference"]["value"] == short["with"] - short["without"]
    assert item["slices"]["negation"]["difference"] is None  # no text of this world negates


def test_rows_of_held_out_groups_stay_out_of_the_candidate() -> None:
    texts = {group: f"twin of {group}" for group in OWN.group_ids}
    twins = replace(OWN, texts=[texts[group] for group in OWN.group_ids])
    answered: list[tuple[set[str], set[str]]] = []

    class Spy(TfidfLearner):
        def fit_predict(
            self, train: Sequence[str], labels: Any, weights: Any, evaluated: Sequence[str], *, seed: int = 0
        ) -> Any:
            answered.append((set(train), set(evaluated)))
            return np.tile([1.0, 0.0, 0.0], (len(evaluated), 1))

    gate = AddDataGate(Spy(3), OWN, CONTRACT, plan=PLAN, margins=MARGINS)
    gate.judge(Candidate(CONTRACT, twins, len(twins)), weights=(1.0,))
    group_of = dict(zip(OWN.texts, OWN.group_ids, strict=True))
    with_candidate = [pair for pair in answered if any(text.startswith("twin") for text in pair[0])]
    assert len(with_candidate) == PLAN.folds * PLAN.repeats
    for train, asked in with_candidate:
        assert not {texts[group_of[text]] for text in asked} & train


def test_weight_zero_is_what_the_others_are_compared_with() -> None:
    gate = AddDataGate(TfidfLearner(3), OWN, CONTRACT, plan=PLAN, margins=MARGINS)
    found = gate.judge(Candidate(CONTRACT, rows(50, seed=5), 50), weights=(0, 0.3))
    assert [item["weight"] for item in found["weights"]] == [0.3]
    item = found["weights"][0]
    change = item["with"]["accuracy"]["value"] - found["without"]["accuracy"]["value"]
    assert abs(item["difference"]["accuracy"]["value"] - change) < 1e-12
