"""The fine-tuned encoder as a learner: what the pipeline trains, with a weight for each text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, softmax

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.encoder import check_encoder, check_length, encoder_config, load_tokenizer
from pipeline_code.reviews.metrics import Floats, Ints
from pipeline_code.reviews.tokenization import Ragged, backend_for
from pipeline_code.reviews.training.model import build_classifier
from pipeline_code.reviews.training.parameters import TrainingParameters
from pipeline_code.reviews.training.precision import device_name, supports_bf16
from pipeline_code.reviews.truncation import HEAD, truncation_for

_SORTED_BATCHES = 16


class EncoderLearner:
    """Fine-tunes the encoder anew for every call, with the recipe's defaults and no choice of an epoch.

    A text of weight w has w times the gradient; the mean weight is 1, so that the step size stays.
    """

    name = "encoder"

    def __init__(
        self,
        encoder_dir: Path,
        contract: Contract,
        *,
        max_seq_length: int = 64,
        parameters: TrainingParameters | None = None,
    ) -> None:
        self._encoder_dir, self._contract = check_encoder(encoder_dir), contract
        self._length = check_length(encoder_dir, max_seq_length)
        self._parameters = parameters or TrainingParameters()
        self._pad_id = int(encoder_config(encoder_dir).get("pad_token_id") or 0)
        tokenizer = load_tokenizer(encoder_dir)
        self._backend = backend_for(tokenizer)
        self._truncation = truncation_for(tokenizer, HEAD, max_seq_length)

    def facts(self) -> dict[str, Any]:
        """Name and settings."""
        return {
            "name": self.name,
            "epochs": self._parameters.epochs,
            "learning_rate": self._parameters.learning_rate,
            "batch_size": self._parameters.train_batch_size,
            "max_seq_length": self._length,
        }

    def fit_predict(
        self, train: Sequence[str], labels: Ints, weights: Floats, evaluated: Sequence[str], *, seed: int = 0
    ) -> Floats:
        """See `Learner`; the seed decides the new head's weights and the order of the batches."""
        kept = np.flatnonzero(weights > 0)
        tokens = self._tokens([train[row] for row in kept.tolist()])
        torch.manual_seed(seed)
        model: Any = build_classifier(self._encoder_dir, self._contract, freeze=False)
        model.to(device_name())
        self._fit(model, tokens, labels[kept], weights[kept] / weights[kept].mean(), seed)
        return self._predict(model, self._tokens(evaluated))

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        found: Ragged = self._truncation.cut(self._backend.encode(texts))
        return found.lists()

    def _fit(self, model: Any, tokens: list[list[int]], labels: Ints, weights: Floats, seed: int) -> None:
        parameters = self._parameters
        steps = parameters.epochs * math.ceil(len(tokens) / parameters.train_batch_size)
        warm = max(1, math.ceil(steps * parameters.warmup_share))
        optimiser = torch.optim.AdamW(
            model.parameters(), lr=parameters.learning_rate, weight_decay=parameters.weight_decay
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: min((step + 1) / warm, (steps - step) / max(1, steps - warm))
        )
        model.train()
        for batch in self._batches(tokens, seed):
            with self._precision():
                logits = model(**self._padded([tokens[row] for row in batch])).logits
            target = torch.as_tensor(labels[batch], device=logits.device)
            weight = torch.as_tensor(weights[batch], dtype=torch.float32, device=logits.device)
            loss: Any = (cross_entropy(logits.float(), target, reduction="none") * weight).mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), parameters.max_gradient_norm)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()

    def _batches(self, tokens: list[list[int]], seed: int) -> Iterator[list[int]]:
        """Rows of each step of all epochs: shuffled, then sorted by length within some batches on end."""
        drawn, size = np.random.default_rng(seed), self._parameters.train_batch_size
        for _ in range(self._parameters.epochs):
            order = drawn.permutation(len(tokens)).tolist()
            for start in range(0, len(order), size * _SORTED_BATCHES):
                some = sorted(order[start : start + size * _SORTED_BATCHES], key=lambda row: len(tokens[row]))
                pieces = [some[at : at + size] for at in range(0, len(some), size)]
                yield from (pieces[at] for at in drawn.permutation(len(pieces)).tolist())

    def _predict(self, model: Any, tokens: list[list[int]]) -> Floats:
        order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
        answers = np.zeros((len(tokens), len(self._contract.classes)))
        size = self._parameters.validation_batch_size
        model.eval()
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            with torch.no_grad(), self._precision():
                logits = model(**self._padded([tokens[row] for row in batch])).logits
            answers[batch] = softmax(logits.float(), dim=-1).cpu().numpy()
        return answers

    def _padded(self, rows: list[list[int]]) -> dict[str, torch.Tensor]:
        longest = max(len(row) for row in rows)
        ids = torch.tensor([row + [self._pad_id] * (longest - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        return {"input_ids": ids.to(device_name()), "attention_mask": mask.to(device_name())}

    @staticmethod
    def _precision() -> torch.autocast:
        return torch.autocast(device_name(), dtype=torch.bfloat16, enabled=supports_bf16())
