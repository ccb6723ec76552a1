"""The check before a long job: can a copy of the model learn a few training examples by heart?"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from pipeline_code.reviews.dataset import FeatureSet
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.splits import hash_order
from pipeline_code.reviews.training.data import Examples, PaddingCollator
from pipeline_code.reviews.training.parameters import TrainingParameters
from pipeline_code.reviews.training.precision import device_name, supports_bf16

EXAMPLES = 32
MOST_STEPS = 150
_LOWEST_RATE = 1e-4  # a rate made for thousands of steps would need too many of these
_WARM_UP = 10


class SanityCheckFailed(BertlineError):
    """The model cannot learn a handful of examples by heart, so a long training would be wasted."""


def check_overfit(
    model: PreTrainedModel, train: FeatureSet, rows: list[int], parameters: TrainingParameters, *, pad_id: int
) -> tuple[int, int]:
    """Train a copy of `model` on EXAMPLES rows, all in one batch, until each is right.

    It learns at LearningRate, or at 1e-4 if that is lower. The model and the random state stay as they
    are: the copy runs without dropout, and the examples are chosen by hash.

    Returns
    -------
    The steps it took, and the number of examples.

    Raises
    ------
    SanityCheckFailed
        Some are still wrong after MOST_STEPS steps.
    """
    chosen = choose_rows(train, rows)
    examples = Examples(train, chosen)
    batch = PaddingCollator(pad_id)([examples[number] for number in range(len(chosen))])
    wrong, steps = _learn(model, batch, parameters)
    if wrong:
        raise SanityCheckFailed(_explain(train, chosen, wrong, parameters))
    return steps, len(chosen)


def choose_rows(train: FeatureSet, rows: list[int], count: int = EXAMPLES) -> list[int]:
    """Up to `count` of the rows: classes in turn, each in hash order, a text for the second time last."""
    seen: set[bytes] = set()
    first: list[tuple[int, bytes, int]] = []
    again: list[tuple[int, bytes, int]] = []
    turns = dict.fromkeys(np.unique(train.label_ids[rows]).tolist(), 0)
    for row in sorted(rows, key=lambda row: hash_order(train.review_ids[row])):
        label, text = int(train.label_ids[row]), train.ids(row).tobytes()
        place = (turns[label], hash_order(train.review_ids[row]), row)
        (again if text in seen else first).append(place)
        turns[label] += text not in seen
        seen.add(text)
    return [row for _, _, row in [*sorted(first), *again]][:count]


def _learn(
    model: PreTrainedModel, batch: dict[str, torch.Tensor], parameters: TrainingParameters
) -> tuple[int, int]:
    """Examples still wrong, and steps taken."""
    device = device_name()
    learner = copy.deepcopy(model)
    learner.train(False).to(device)
    batch = {name: values.to(device) for name, values in batch.items()}
    labels = batch.pop("labels")
    rate = max(parameters.learning_rate, _LOWEST_RATE)
    optimizer = torch.optim.AdamW(learner.parameters(), lr=rate, weight_decay=0.0)
    wrong = len(labels)
    for step in range(MOST_STEPS + 1):
        with torch.autocast(device, dtype=torch.bfloat16, enabled=supports_bf16()):
            logits = learner(**batch).logits.float()
        wrong = int((logits.argmax(dim=-1) != labels).sum())
        if not wrong or step == MOST_STEPS:
            return wrong, step
        optimizer.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / _WARM_UP)
        optimizer.zero_grad()
        cross_entropy(logits, labels).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learner.parameters(), parameters.max_gradient_norm)
        optimizer.step()
    raise AssertionError("unreachable")


def _explain(train: FeatureSet, chosen: list[int], wrong: int, parameters: TrainingParameters) -> str:
    labels_of: dict[bytes, set[int]] = {}
    for row in chosen:
        labels_of.setdefault(train.ids(row).tobytes(), set()).add(int(train.label_ids[row]))
    contradicted = sum(len(labels_of[train.ids(row).tobytes()]) > 1 for row in chosen)
    cause = (
        f"{contradicted} of them share their text with another label: look at where the labels come from"
        if contradicted
        else "are labels and texts of one row still together, is LearningRate "
        f"{parameters.learning_rate:g} too high, is the encoder whole?"
    )
    return (
        f"a copy of the model got {wrong} of {len(chosen)} training examples wrong after {MOST_STEPS} steps "
        f"on nothing else; {cause} (OverfitCheck False trains all the same)"
    )
