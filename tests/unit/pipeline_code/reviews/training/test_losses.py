import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from pipeline_code.reviews.training.losses import (
    Loss,
    focal_loss,
    logit_adjusted_cross_entropy,
    loss_for,
    weighted_cross_entropy,
)
from pipeline_code.reviews.training.parameters import TrainingParameters

COUNTS = np.array([10, 30, 60])
# Probabilities of the true classes are 0.5 (class 0) and 0.8 (class 2).
LOGITS = torch.log(torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]))
LABELS = torch.tensor([0, 2])


def found(loss: torch.Tensor) -> float:
    return float(loss)


def test_weighted_cross_entropy_by_hand() -> None:
    weights = torch.tensor([4.0, 1.0, 0.5])
    by_hand = (4.0 * -np.log(0.5) + 0.5 * -np.log(0.8)) / 2
    assert found(weighted_cross_entropy(LOGITS, LABELS, weights)) == pytest.approx(by_hand)


def test_a_batch_without_rare_rows_is_not_scaled_up() -> None:
    common = weighted_cross_entropy(LOGITS[1:], LABELS[1:], torch.tensor([4.0, 1.0, 0.5]))
    assert found(common) == pytest.approx(0.5 * -np.log(0.8))


def test_logit_adjusted_cross_entropy_by_hand() -> None:
    shift = torch.log(torch.tensor([0.1, 0.3, 0.6]))
    first = 0.5 * 0.1 / (0.5 * 0.1 + 0.3 * 0.3 + 0.2 * 0.6)
    second = 0.8 * 0.6 / (0.1 * 0.1 + 0.1 * 0.3 + 0.8 * 0.6)
    by_hand = -(np.log(first) + np.log(second)) / 2
    assert found(logit_adjusted_cross_entropy(LOGITS, LABELS, shift)) == pytest.approx(by_hand, rel=1e-5)


def test_focal_loss_by_hand() -> None:
    by_hand = (0.5**2 * -np.log(0.5) + 0.2**2 * -np.log(0.8)) / 2
    assert found(focal_loss(LOGITS, LABELS, 2.0)) == pytest.approx(by_hand, rel=1e-5)


def test_focal_loss_has_a_gradient_where_a_row_is_certain() -> None:
    logits = torch.tensor([[60.0, 0.0, 0.0]], requires_grad=True)
    focal_loss(logits, torch.tensor([0]), 0.5).backward()
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize(
    "parameters",
    [
        TrainingParameters(imbalance="FocalLoss", focal_gamma=0.0),
        TrainingParameters(imbalance="LogitAdjustment", logit_adjustment_tau=0.0),
    ],
)
def test_options_without_strength_are_the_plain_loss(parameters: TrainingParameters) -> None:
    loss = loss_for(parameters, COUNTS)
    assert loss is not None
    assert found(loss(LOGITS, LABELS)) == pytest.approx(found(cross_entropy(LOGITS, LABELS)))


@pytest.mark.parametrize("strategy", ["None", "Resample"])
def test_the_other_options_keep_the_models_own_loss(strategy: str) -> None:
    assert loss_for(TrainingParameters(imbalance=strategy), COUNTS) is None


def best_constant(loss: Loss) -> list[float]:
    """Probabilities that a model would answer which knows nothing of a text, trained on COUNTS."""
    logits = torch.zeros(3, requires_grad=True)
    labels = torch.repeat_interleave(torch.arange(3), torch.as_tensor(COUNTS))
    optimizer = torch.optim.LBFGS([logits], max_iter=100, tolerance_grad=1e-9)

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss(logits.expand(len(labels), 3), labels)
        value.backward()
        return value

    optimizer.step(step)
    probabilities: list[float] = torch.softmax(logits.detach(), dim=0).tolist()
    return probabilities


@pytest.mark.parametrize("strategy", ["ClassWeights", "LogitAdjustment"])
def test_training_believes_in_equal_classes(strategy: str) -> None:
    loss = loss_for(TrainingParameters(imbalance=strategy), COUNTS)
    assert loss is not None
    assert best_constant(loss) == pytest.approx([1 / 3] * 3, abs=1e-3)


def test_half_an_adjustment_believes_in_the_root_of_the_prior() -> None:
    loss = loss_for(TrainingParameters(imbalance="LogitAdjustment", logit_adjustment_tau=0.5), COUNTS)
    assert loss is not None
    roots = np.sqrt(COUNTS)
    assert best_constant(loss) == pytest.approx((roots / roots.sum()).tolist(), abs=1e-3)
