"""The hyperparameters of training: one dataclass, checked, and read from `--name value` arguments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.training.imbalance import NONE, STRATEGIES


class HyperparameterError(BertlineError):
    """A hyperparameter is unknown, unreadable or out of bounds; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingParameters:
    """How to fine-tune. The defaults are the measured recipe.

    `train_steps_per_epoch` and `validation_steps_per_epoch` cap the batches of an epoch, 0 takes all.
    Batch sizes are per process. `freeze_bert_layer` trains the classification head alone. `imbalance` is
    what is done for rare classes, `focal_gamma` and `logit_adjustment_tau` belong to two of its options.
    `tune_thresholds` lets validation move the class thresholds towards a better macro-F1; `overfit_check`
    first makes sure that a copy of the model can learn a few examples by heart.
    """

    epochs: int = 3
    learning_rate: float = 1e-4
    train_batch_size: int = 32
    validation_batch_size: int = 64
    train_steps_per_epoch: int = 0
    validation_steps_per_epoch: int = 0
    freeze_bert_layer: bool = False
    run_validation: bool = True
    balance_dataset: bool = False
    imbalance: str = NONE
    focal_gamma: float = 2.0
    logit_adjustment_tau: float = 1.0
    tune_thresholds: bool = False
    overfit_check: bool = True
    seed: int = 42
    weight_decay: float = 0.01
    warmup_share: float = 0.1
    max_gradient_norm: float = 1.0

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not math.isfinite(value) or not low <= value <= high:
                raise HyperparameterError(f"{name} must lie between {low:g} and {high:g}, got {value:g}")
        if self.imbalance not in STRATEGIES:
            raise HyperparameterError(
                f"imbalance must be one of {', '.join(STRATEGIES)}, got {self.imbalance!r}"
            )

    def as_dict(self) -> dict[str, Any]:
        """As JSON, for the model's provenance."""
        return asdict(self)


_BOUNDS: dict[str, tuple[float, float]] = {
    "epochs": (1, 100),
    "learning_rate": (1e-8, 1.0),
    "train_batch_size": (1, 4096),
    "validation_batch_size": (1, 4096),
    "train_steps_per_epoch": (0, 1e9),
    "validation_steps_per_epoch": (0, 1e9),
    "focal_gamma": (0, 10),
    "logit_adjustment_tau": (0, 3),
    "seed": (0, 2**32 - 1),
    "weight_decay": (0, 1),
    "warmup_share": (0, 0.9),
    "max_gradient_norm": (1e-3, 1e3),
}


def parse_parameters(arguments: Sequence[str]) -> TrainingParameters:
    """Read `--name value` pairs, as the training toolkit passes hyperparameters.

    Raises
    ------
    HyperparameterError
        A name is unknown or given twice, or a value is not of its type or out of bounds.
    """
    known = {field.name: str(field.type) for field in fields(TrainingParameters)}
    values: dict[str, Any] = {}
    remaining = iter(arguments)
    for argument in remaining:
        name = argument.removeprefix("--")
        if not argument.startswith("--") or name not in known:
            raise HyperparameterError(f"no hyperparameter {argument!r}; there are {', '.join(known)}")
        if name in values:
            raise HyperparameterError(f"{name} is given twice")
        text = next(remaining, None)
        if text is None:
            raise HyperparameterError(f"{name} has no value")
        values[name] = _value(name, known[name], text)
    return TrainingParameters(**values)


def _value(name: str, kind: str, text: str) -> bool | int | float | str:
    if kind == "str":
        return text
    try:
        if kind == "bool":
            return {"true": True, "false": False}[text.lower()]
        return int(text) if kind == "int" else float(text)
    except (KeyError, ValueError):
        wanted = {"bool": "True or False", "int": "a whole number", "float": "a number"}[kind]
        raise HyperparameterError(f"{name} must be {wanted}, got {text!r}") from None
