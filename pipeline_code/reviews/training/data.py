"""Features as batches: padded to the longest row of a batch, with the mask that says what is padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from pipeline_code.reviews.dataset import FeatureSet
from pipeline_code.reviews.metrics import Ints

Example = dict[str, Any]


class Examples(Dataset[Example]):
    """Selected rows of a FeatureSet, unpadded."""

    def __init__(self, features: FeatureSet, rows: Sequence[int]) -> None:
        self._features, self._rows = features, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Example:
        row = self._rows[index]
        return {"input_ids": self._features.ids(row), "label": int(self._features.label_ids[row])}

    @property
    def label_ids(self) -> Ints:
        """Class of each selected row."""
        return self._features.label_ids[np.asarray(self._rows, dtype=np.int64)]

    @property
    def lengths(self) -> Ints:
        """Tokens of each selected row."""
        return self._features.lengths()[np.asarray(self._rows, dtype=np.int64)]


@dataclass(frozen=True)
class PaddingCollator:
    """Stacks examples to input_ids and attention_mask [batch, longest] and labels [batch]."""

    pad_id: int

    def __call__(self, examples: list[Example]) -> dict[str, torch.Tensor]:
        """Pad and stack."""
        longest = max(len(example["input_ids"]) for example in examples)
        ids = torch.full((len(examples), longest), self.pad_id, dtype=torch.long)
        mask = torch.zeros((len(examples), longest), dtype=torch.long)
        for position, example in enumerate(examples):
            length = len(example["input_ids"])
            ids[position, :length] = torch.as_tensor(example["input_ids"], dtype=torch.long)
            mask[position, :length] = 1
        labels = torch.tensor([example["label"] for example in examples], dtype=torch.long)
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}
