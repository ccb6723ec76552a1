"""Losses that give rare classes their due; all take logits [batch, classes] and labels [batch]."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch.nn.functional import cross_entropy

from pipeline_code.reviews.metrics import Ints
from pipeline_code.reviews.training import imbalance
from pipeline_code.reviews.training.parameters import TrainingParameters

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_LEAST = 1e-12  # 0 to a power below 1 has no gradient


def loss_for(parameters: TrainingParameters, counts: Ints) -> Loss | None:
    """The loss of the chosen option, for training rows with `counts` a class; None keeps cross entropy."""
    if parameters.imbalance == imbalance.CLASS_WEIGHTS:
        return partial(weighted_cross_entropy, weights=_tensor(imbalance.class_weights(counts)))
    if parameters.imbalance == imbalance.LOGIT_ADJUSTMENT:
        shift = parameters.logit_adjustment_tau * imbalance.log_prior(counts)
        return partial(logit_adjusted_cross_entropy, shift=_tensor(shift))
    if parameters.imbalance == imbalance.FOCAL_LOSS:
        return partial(focal_loss, gamma=parameters.focal_gamma)
    return None


def weighted_cross_entropy(logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean of weight times cross entropy.

    Divided by the rows, not by their weights as torch does: a batch that happens to hold no rare row is
    then not scaled up.
    """
    losses = cross_entropy(logits.float(), labels, reduction="none")
    return (weights.to(logits.device)[labels] * losses).mean()


def logit_adjusted_cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, shift: torch.Tensor
) -> torch.Tensor:
    """Cross entropy of logits + tau log prior: the model need not learn what the prior says already.

    Menon et al., Long-tail learning via logit adjustment, 2007.07314, eq. 10.
    """
    return cross_entropy(logits.float() + shift.to(logits.device), labels)


def focal_loss(logits: torch.Tensor, labels: torch.Tensor, gamma: float) -> torch.Tensor:
    """Mean of (1 - p) ** gamma times cross entropy, p being the true class's probability.

    Lin et al., Focal loss for dense object detection, 1708.02002, eq. 4. Rows already right count little.
    """
    losses = cross_entropy(logits.float(), labels, reduction="none")
    missed = (-torch.expm1(-losses)).clamp_min(_LEAST)
    return (missed**gamma * losses).mean()


def _tensor(values: object) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float32)
