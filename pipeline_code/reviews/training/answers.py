"""The logits of a trained model on the rows of a split."""

from __future__ import annotations

import numpy as np
import torch
from transformers import PreTrainedModel

from pipeline_code.reviews.metrics import Floats
from pipeline_code.reviews.training.data import Examples, PaddingCollator
from pipeline_code.reviews.training.precision import device_name, supports_bf16


def logits_of(model: PreTrainedModel, examples: Examples, *, pad_id: int, batch_size: int) -> Floats:
    """Logits [rows, classes] in the order of the examples; texts of similar length share a batch."""
    device = device_name()
    collate = PaddingCollator(pad_id)
    order = np.argsort(-examples.lengths, kind="stable").tolist()
    found: Floats = np.empty((len(examples), int(model.config.num_labels or 0)))
    model.train(False).to(device)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        batch = collate([examples[row] for row in rows])
        del batch["labels"]
        with (
            torch.inference_mode(),
            torch.autocast(device, dtype=torch.bfloat16, enabled=supports_bf16()),
        ):
            answer = model(**{name: values.to(device) for name, values in batch.items()})
        found[rows] = answer.logits.float().cpu().numpy()
    return found
