"""Augmentation is accepted for a lift that is shown, and for nothing else."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.augmentation import Draws, Operator
from pipeline_code.reviews.levers.augment import AS_WRITTEN, AugmentationLever
from pipeline_code.reviews.levers.cross_fit import Plan
from pipeline_code.reviews.levers.learner import TfidfLearner
from pipeline_code.reviews.levers.verdicts import Margins
from tests.unit.pipeline_code.reviews.levers.world import CONTRACT, rows

PLAN = Plan(folds=4, repeats=2, bootstrap_samples=400)
MARGINS = Margins(overall=0.05, slice_min_rows=1000)
OWN = rows(300, wrong=0.05)


class Sighted(TfidfLearner):
    """Tells capital from small letters: words in another case are words that it does not know."""

    def fit_predict(
        self, train: Sequence[str], labels: Any, weights: Any, evaluated: Sequence[str], *, seed: int = 0
    ) -> Any:
        return super().fit_predict(
            [_cased(text) for text in train], labels, weights, [_cased(text) for text in evaluated]
        )


def _cased(text: str) -> str:
    return re.sub(r"\b[A-Z]\w*", lambda word: f"capital{word[0]}", text)


def half_capital(text: str, draws: Draws) -> str | None:
    """Every fourth word in capital letters: most of a text stays, so that a teacher keeps its answer."""
    words = text.split()
    at = draws.below(4)
    return " ".join(word.upper() if number % 4 == at else word for number, word in enumerate(words))


def shout(text: str, draws: Draws) -> str | None:
    return text.upper()


def tried(operator: Operator, learner: TfidfLearner | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    lever = AugmentationLever(
        learner or Sighted(3),
        OWN,
        CONTRACT,
        plan=PLAN,
        margins=MARGINS,
        operators={operator.name: operator},
    )
    found = lever.judge()
    return found["operators"][operator.name], found["verdict"]


def test_a_lift_on_what_the_operator_is_meant_for_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_code.reviews.augmentation.preservation.LEAST_KEPT", 0.5)
    item, verdict = tried(Operator("half", "keeps", half_capital))
    assert item["meant_for"]["texts"] == AS_WRITTEN
    assert item["meant_for"]["difference"]["interval"][0] > 0
    assert item["decision"] == "accept"
    assert verdict["accepted"] == ["half"]
    assert verdict["words"].startswith("Use half.")


def test_what_is_not_proven_is_not_tried() -> None:
    item, verdict = tried(Operator("shout", "keeps", shout))
    assert not item["preservation"]["proven"]
    assert (item["decision"], "difference" in item) == ("refuse", False)
    assert verdict["words"].startswith("Use none of the operators.")


def test_a_learner_that_sees_no_difference_has_no_use_for_copies() -> None:
    item, _ = tried(Operator("shout", "keeps", shout), TfidfLearner(3))
    assert item["preservation"]["share"]["value"] == 1
    assert item["decision"] == "refuse"
    assert "does not see the difference" in item["words"]


def test_copies_with_the_wrong_label_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator that claims to oppose the label and only turns the words around."""
    monkeypatch.setattr("pipeline_code.reviews.augmentation.preservation.LEAST_MOVED", 0.0)
    monkeypatch.setattr("pipeline_code.reviews.levers.augment.COPY_SHARE", 0.6)
    operator = Operator("turn", "opposes", lambda text, draws: " ".join(text.split()[::-1]))
    item, _ = tried(operator, TfidfLearner(3))
    assert item["decision"] == "refuse"
    assert item["words"].startswith("harm is shown: accuracy falls")


def test_copies_train_with_their_texts_only() -> None:
    held: list[tuple[set[str], set[str]]] = []

    class Spy(TfidfLearner):
        def fit_predict(
            self, train: Sequence[str], labels: Any, weights: Any, evaluated: Sequence[str], *, seed: int = 0
        ) -> Any:
            held.append((set(train), set(evaluated)))
            assert weights.sum() == pytest.approx(len({text.removesuffix(" mark") for text in train}))
            return np.tile([1.0, 0.0, 0.0], (len(evaluated), 1))

    single = replace(OWN, texts=[f"{text} n{number}" for number, text in enumerate(OWN.texts)])
    operator = Operator("mark", "keeps", lambda text, draws: f"{text} mark")
    lever = AugmentationLever(
        Spy(3), single, CONTRACT, plan=PLAN, margins=MARGINS, operators={"mark": operator}
    )
    lever.judge()
    with_copies = [pair for pair in held if any(text.endswith(" mark") for text in pair[0])]
    assert len(with_copies) == PLAN.folds * PLAN.repeats
    for train, asked in with_copies:
        assert not train & asked
