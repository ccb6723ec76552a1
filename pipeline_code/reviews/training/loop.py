"""Fine-tune with the transformers Trainer: schedule, validation each epoch, the best epoch kept."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.utils.data import Sampler
from transformers import (
    EvalPrediction,
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.metrics import confusion_matrix, scores
from pipeline_code.reviews.training.data import Examples, PaddingCollator
from pipeline_code.reviews.training.imbalance import RESAMPLE, class_counts
from pipeline_code.reviews.training.losses import Loss, loss_for
from pipeline_code.reviews.training.parameters import TrainingParameters
from pipeline_code.reviews.training.precision import device_name, supports_bf16
from pipeline_code.reviews.training.sampling import BalancedSampler


class TrainingDiverged(BertlineError):
    """A loss or a weight is no longer a finite number; the message names the epoch and LearningRate."""


@dataclass
class History:
    """One entry an epoch: train_loss and, with validation, loss, accuracy and macro-F1."""

    epochs: list[dict[str, float]] = field(default_factory=list)

    def best_epoch(self) -> int:
        """The epoch with the best validation macro-F1 (the first of equals); the last without validation."""
        scored = [item for item in self.epochs if "validation_macro_f1" in item]
        if not scored:
            return int(self.epochs[-1]["epoch"])
        return int(max(scored, key=lambda item: item["validation_macro_f1"])["epoch"])


class _Lines(TrainerCallback):
    """Prints the metric lines that the training job's MetricDefinitions read; ends a diverged training."""

    def __init__(self, history: History, steps: int, learning_rate: float) -> None:
        self._history, self._steps, self._learning_rate = history, steps, learning_rate

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any
    ) -> None:
        """Note and print the mean training loss of the epoch."""
        loss = rest["logs"].get("loss")
        if loss is None:
            return
        epoch = state.global_step // self._steps
        _require_finite({"train_loss": float(loss)}, epoch, self._learning_rate)
        self._history.epochs.append({"epoch": epoch, "train_loss": float(loss)})
        if state.is_world_process_zero:
            print(f"epoch={epoch} train_loss={float(loss):.6f}", flush=True)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any
    ) -> None:
        """Note and print the figures of the whole validation split."""
        names = ("loss", "accuracy", "macro_f1")
        figures = {f"validation_{name}": float(rest["metrics"][f"eval_{name}"]) for name in names}
        epoch = state.global_step // self._steps
        _require_finite(figures, epoch, self._learning_rate)
        self._history.epochs[-1].update(figures)
        if state.is_world_process_zero:
            listed = " ".join(f"{name}={value:.6f}" for name, value in figures.items())
            print(f"epoch={epoch} {listed}", flush=True)


class _ImbalanceTrainer(Trainer):
    """Trains with a loss and an order of its own; validation keeps the plain cross entropy."""

    def __init__(self, *, loss: Loss | None, sampler: Sampler[int] | None, **rest: Any) -> None:
        self._loss, self._sampler = loss, sampler
        super().__init__(**rest)

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """The loss of a batch [scalar], with the model's answer if that is asked for."""
        if self._loss is None or not model.training:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        outputs = model(**{name: value for name, value in inputs.items() if name != "labels"})
        loss = self._loss(outputs["logits"], inputs["labels"])
        return (loss, outputs) if return_outputs else loss

    def _get_train_sampler(self, *arguments: Any) -> Sampler[int] | None:
        return self._sampler or super()._get_train_sampler(*arguments)


def _require_finite(figures: dict[str, float], epoch: int, learning_rate: float) -> None:
    wrong = [f"{name} is {value}" for name, value in figures.items() if not math.isfinite(value)]
    if wrong:
        raise TrainingDiverged(
            f"training diverged in epoch {epoch}: {', '.join(wrong)} with LearningRate {learning_rate:g}; "
            "lower LearningRate and run again"
        )


def steps_per_epoch(rows: int, parameters: TrainingParameters, hosts: int) -> int:
    """Optimiser steps of one epoch, after the cap."""
    steps = math.ceil(math.ceil(rows / parameters.train_batch_size) / hosts)
    cap = parameters.train_steps_per_epoch
    return min(steps, cap) if cap else steps


def fine_tune(
    model: PreTrainedModel,
    train: Examples,
    validation: Examples | None,
    parameters: TrainingParameters,
    *,
    pad_id: int,
    hosts: int = 1,
) -> History:
    """Train `model` in place; with validation it ends with the weights of its best epoch.

    An epoch is a number of steps, so that a cap on the steps needs no second code path.

    Raises
    ------
    TrainingDiverged
        At the end of the first epoch whose loss is not finite, or whose last step broke the weights.
    """
    steps = steps_per_epoch(len(train), parameters, hosts)
    history = History()
    with tempfile.TemporaryDirectory(prefix="bertline-checkpoints-") as directory:
        trainer = _ImbalanceTrainer(
            loss=loss_for(parameters, class_counts(train.label_ids, int(model.config.num_labels or 0))),
            sampler=_sampler(train, parameters),
            model=model,
            args=_arguments(directory, parameters, steps, validated=validation is not None),
            data_collator=PaddingCollator(pad_id),
            train_dataset=train,
            eval_dataset=validation,
            compute_metrics=_metrics,
            callbacks=[_Lines(history, steps, parameters.learning_rate)],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    sizes = {"the sum of the weights": sum(float(weight.detach().sum()) for weight in model.parameters())}
    _require_finite(sizes, parameters.epochs, parameters.learning_rate)
    return history


def _sampler(train: Examples, parameters: TrainingParameters) -> BalancedSampler | None:
    if parameters.imbalance != RESAMPLE:
        return None
    return BalancedSampler(
        train.label_ids, train.lengths, batch_size=parameters.train_batch_size, seed=parameters.seed
    )


def _arguments(
    directory: str, parameters: TrainingParameters, steps: int, *, validated: bool
) -> TrainingArguments:
    total = steps * parameters.epochs
    return TrainingArguments(
        output_dir=directory,
        max_steps=total,
        learning_rate=parameters.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=math.ceil(total * parameters.warmup_share),
        weight_decay=parameters.weight_decay,
        max_grad_norm=parameters.max_gradient_norm,
        optim="adamw_torch_fused",
        per_device_train_batch_size=parameters.train_batch_size,
        per_device_eval_batch_size=parameters.validation_batch_size,
        train_sampling_strategy="group_by_length",
        bf16=supports_bf16(),
        use_cpu=device_name() == "cpu",
        seed=parameters.seed,
        data_seed=parameters.seed,
        logging_strategy="steps",
        logging_steps=steps,
        logging_nan_inf_filter=False,  # it would hide a divergence behind the mean of the good steps
        eval_strategy="steps" if validated else "no",
        eval_steps=steps if validated else None,
        save_strategy="best" if validated else "no",
        save_only_model=True,
        save_total_limit=1,
        save_on_each_node=True,
        load_best_model_at_end=validated,
        metric_for_best_model="macro_f1" if validated else None,
        greater_is_better=True if validated else None,
        average_tokens_across_devices=False,
        ddp_find_unused_parameters=False,
        dataloader_pin_memory=device_name() == "cuda",
        disable_tqdm=True,
        report_to="none",
    )


def _metrics(prediction: EvalPrediction) -> dict[str, float]:
    predicted = np.asarray(prediction.predictions).argmax(axis=-1)
    classes = np.asarray(prediction.predictions).shape[-1]
    matrix = confusion_matrix(np.asarray(prediction.label_ids), predicted, classes)
    return {name: float(value) for name, value in scores(matrix).items()}
