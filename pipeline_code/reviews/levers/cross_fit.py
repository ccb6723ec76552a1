"""Predictions for every row by a learner that did not see its group: cross-fitting over groups, repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from pipeline_code.reviews.levers.folds import group_folds
from pipeline_code.reviews.levers.learner import Learner
from pipeline_code.reviews.levers.rows import Rows
from pipeline_code.reviews.metrics import Floats, Ints

AS_THEY_ARE = "as they are"


@dataclass(frozen=True)
class Plan:
    """How an experiment is run: so many folds over groups, repeated with other folds, from one seed."""

    folds: int = 5
    repeats: int = 3
    seed: int = 42
    bootstrap_samples: int = 2000


@dataclass(frozen=True)
class TrainingTexts:
    """What a learner is trained on: texts with class ids and weights [texts]."""

    texts: list[str]
    labels: Ints
    weights: Floats

    @classmethod
    def of(cls, rows: Rows, weight: float = 1.0) -> Self:
        """Rows that all have the same weight."""
        return cls(rows.texts, rows.label_ids, np.full(len(rows), weight))

    def __add__(self, other: TrainingTexts) -> TrainingTexts:
        return TrainingTexts(
            [*self.texts, *other.texts],
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.weights, other.weights]),
        )


@dataclass(frozen=True)
class Part:
    """One fold of one repeat: the rows to train on, and those held out."""

    repeat: int
    train: Ints
    held: Ints


TrainOn = Callable[[Part], TrainingTexts]


class CrossFit:
    """The folds of a plan over some rows."""

    def __init__(self, rows: Rows, plan: Plan) -> None:
        self.rows, self.plan = rows, plan
        self._folds = [
            group_folds(rows.group_ids, plan.folds, seed)
            for seed in range(plan.seed, plan.seed + plan.repeats)
        ]

    def parts(self) -> Iterator[Part]:
        """Yield every fold of every repeat."""
        for repeat, fold_of in enumerate(self._folds):
            for fold in range(self.plan.folds):
                yield Part(repeat, np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold))

    def own(self, part: Part) -> TrainingTexts:
        """Train on the own rows alone."""
        return TrainingTexts.of(self.rows.take(part.train))

    def probabilities(
        self,
        learner: Learner,
        train_on: TrainOn | None = None,
        variants: Mapping[str, Sequence[str]] | None = None,
    ) -> dict[str, Floats]:
        """Probabilities of each variant of the rows, each [repeats, rows, classes].

        Parameters
        ----------
        train_on
            What to train on; without it the own rows that are not held out.
        variants
            Texts [rows] to ask about, by name; without it the rows as they are.
        """
        asked = variants or {AS_THEY_ARE: self.rows.texts}
        found: dict[str, list[list[tuple[Ints, Floats]]]] = {
            name: [[] for _ in range(self.plan.repeats)] for name in asked
        }
        for part in self.parts():
            given, seed = (train_on or self.own)(part), self.plan.seed + part.repeat
            texts = [asked[name][row] for name in asked for row in part.held.tolist()]
            answers = learner.fit_predict(given.texts, given.labels, given.weights, texts, seed=seed)
            for name, answer in zip(asked, np.split(answers, len(asked)), strict=True):
                found[name][part.repeat].append((part.held, answer))
        return {name: np.stack([_in_order(part) for part in parts]) for name, parts in found.items()}

    def predicted(self, learner: Learner, train_on: TrainOn | None = None) -> Ints:
        """The most probable class of each row [repeats, rows]."""
        return classes_of(self.probabilities(learner, train_on)[AS_THEY_ARE])


def classes_of(probabilities: Floats) -> Ints:
    """The most probable class [...] of probabilities [..., classes]."""
    return np.asarray(probabilities.argmax(axis=-1), dtype=np.int64)


def _in_order(parts: list[tuple[Ints, Floats]]) -> Floats:
    """Answers of the folds put back to the order of the rows."""
    rows = np.concatenate([held for held, _ in parts])
    answers: Floats = np.concatenate([answers for _, answers in parts])[np.argsort(rows)]
    return answers
