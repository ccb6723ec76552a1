"""Folds keep groups whole and even; predictions come from models that saw no group-mate."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.levers.cross_fit import AS_THEY_ARE, CrossFit, Plan
from pipeline_code.reviews.levers.folds import group_folds
from pipeline_code.reviews.levers.rows import LeverError
from tests.unit.pipeline_code.reviews.levers.world import rows

OWN = rows(200)


class Spy:
    """Remembers what it is given; answers class 1 for all."""

    name = "spy"

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], list[str]]] = []

    def fit_predict(
        self, train: Sequence[str], labels: Any, weights: Any, evaluated: Sequence[str], *, seed: int = 0
    ) -> Any:
        self.calls.append((list(train), list(evaluated)))
        return np.tile([0.0, 1.0, 0.0], (len(evaluated), 1))

    def facts(self) -> dict[str, Any]:
        return {"name": self.name}


def test_groups_stay_whole_and_folds_are_even() -> None:
    found = group_folds(OWN.group_ids, 5, seed=1)
    assert len({(group, fold) for group, fold in zip(OWN.group_ids, found.tolist(), strict=True)}) == 50
    assert np.bincount(found).tolist() == [40] * 5


def test_the_seed_decides_and_the_order_does_not() -> None:
    found = dict(zip(OWN.group_ids, group_folds(OWN.group_ids, 5, 1).tolist(), strict=True))
    turned = dict(zip(OWN.group_ids[::-1], group_folds(OWN.group_ids[::-1], 5, 1).tolist(), strict=True))
    assert found == turned
    assert found != dict(zip(OWN.group_ids, group_folds(OWN.group_ids, 5, 2).tolist(), strict=True))


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(LeverError, match="2 groups cannot fill 5 folds"):
        group_folds(["a", "b"], 5, 1)


def test_every_row_is_answered_once_a_repeat_by_a_model_without_its_group() -> None:
    spy, plan = Spy(), Plan(folds=4, repeats=2)
    found = CrossFit(OWN, plan).probabilities(spy)[AS_THEY_ARE]
    assert found.shape == (2, 200, 3)
    groups: dict[str, set[str]] = {}
    for text, group in zip(OWN.texts, OWN.group_ids, strict=True):
        groups.setdefault(text, set()).add(group)
    assert len(spy.calls) == 8
    for train, asked in spy.calls:
        alone = {next(iter(groups[text])) for text in asked if len(groups[text]) == 1}
        assert alone.isdisjoint({group for text in train for group in groups[text] if len(groups[text]) == 1})
    for repeat in range(2):
        asked = sorted(text for _, texts in spy.calls[4 * repeat : 4 * repeat + 4] for text in texts)
        assert asked == sorted(OWN.texts)


def test_answers_come_back_in_the_order_of_the_rows() -> None:
    class Telling(Spy):
        def fit_predict(self, train: Any, labels: Any, weights: Any, evaluated: Any, *, seed: int = 0) -> Any:
            return np.array([[float(len(text)), 0.0, 0.0] for text in evaluated])

    variants = {AS_THEY_ARE: OWN.texts, "longer": [text + "!!" for text in OWN.texts]}
    found = CrossFit(OWN, Plan(folds=3, repeats=2)).probabilities(Telling(), None, variants)
    lengths = np.array([len(text) for text in OWN.texts])
    assert (found[AS_THEY_ARE][:, :, 0] == lengths).all()
    assert (found["longer"][:, :, 0] == lengths + 2).all()
