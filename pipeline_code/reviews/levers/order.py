"""Nested training sets: rows in an order that their hashes decide, so a smaller set is part of a larger."""

from __future__ import annotations

from pipeline_code.reviews.levers.cross_fit import CrossFit, Part, TrainingTexts, TrainOn
from pipeline_code.reviews.splits import hash_order


def in_order(fit: CrossFit, part: Part) -> list[int]:
    """The rows of a part to train on in hash order, another one for each repeat."""
    salt = fit.plan.seed + part.repeat
    return sorted(part.train.tolist(), key=lambda row: hash_order(f"{salt}\0{fit.rows.review_ids[row]}"))


def first_of(fit: CrossFit, size: int) -> TrainOn:
    """Train on the first `size` rows."""

    def train_on(part: Part) -> TrainingTexts:
        return TrainingTexts.of(fit.rows.take(in_order(fit, part)[:size]))

    return train_on


def share_of_class(fit: CrossFit, label: int, share: float) -> TrainOn:
    """Train on the first `share` of the rows of one class, and on all rows of the others."""

    def train_on(part: Part) -> TrainingTexts:
        labels = fit.rows.label_ids
        inside = [row for row in in_order(fit, part) if labels[row] == label]
        others = [row for row in part.train.tolist() if labels[row] != label]
        return TrainingTexts.of(fit.rows.take([*others, *inside[: round(share * len(inside))]]))

    return train_on
