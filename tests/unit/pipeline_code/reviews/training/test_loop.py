import re
from typing import Any

import numpy as np
import pytest
import torch

from pipeline_code.reviews.contract import read_contract
from pipeline_code.reviews.dataset import FeatureSet, read_features
from pipeline_code.reviews.training import loop
from pipeline_code.reviews.training.data import Examples, PaddingCollator
from pipeline_code.reviews.training.imbalance import STRATEGIES
from pipeline_code.reviews.training.loop import History, TrainingDiverged, fine_tune, steps_per_epoch
from pipeline_code.reviews.training.model import build_classifier
from pipeline_code.reviews.training.parameters import TrainingParameters
from tests.unit.pipeline_code.workspace import CONTRACT, Workspace

QUICK = TrainingParameters(epochs=2, learning_rate=3e-3, train_batch_size=16, validation_batch_size=7)


@pytest.fixture
def features(prepared: Workspace, monkeypatch: pytest.MonkeyPatch) -> tuple[FeatureSet, FeatureSet]:
    monkeypatch.setattr(loop, "supports_bf16", lambda: False)
    return (
        read_features(prepared.root / "train", "train"),
        read_features(prepared.root / "checked", "validation"),
    )


def build(prepared: Workspace) -> torch.nn.Module:
    torch.manual_seed(1)
    return build_classifier(prepared.encoder, read_contract(CONTRACT), freeze=False)


def everything(features: FeatureSet) -> Examples:
    return Examples(features, range(len(features)))


@pytest.mark.parametrize(
    ("rows", "cap", "hosts", "expected"),
    [(100, 0, 1, 4), (100, 3, 1, 3), (100, 9, 1, 4), (100, 0, 2, 2), (96, 0, 2, 2), (1, 0, 4, 1)],
)
def test_steps_of_an_epoch(rows: int, cap: int, hosts: int, expected: int) -> None:
    parameters = TrainingParameters(train_batch_size=32, train_steps_per_epoch=cap)
    assert steps_per_epoch(rows, parameters, hosts) == expected


def test_validation_loss_is_the_mean_over_all_rows_of_the_kept_epoch(
    prepared: Workspace, features: tuple[FeatureSet, FeatureSet], capsys: pytest.CaptureFixture[str]
) -> None:
    train, validation = features
    assert len(validation) % QUICK.validation_batch_size
    model = build(prepared)
    history = fine_tune(model, everything(train), everything(validation), QUICK, pad_id=0)
    examples = everything(validation)
    batch = PaddingCollator(0)([examples[row] for row in range(len(examples))])
    with torch.inference_mode():
        answer = model.eval()(**batch)
    best = history.epochs[history.best_epoch() - 1]
    assert best["validation_loss"] == pytest.approx(float(answer.loss), abs=1e-4)
    correct = (answer.logits.argmax(-1) == batch["labels"]).float().mean()
    assert best["validation_accuracy"] == pytest.approx(float(correct))
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"epoch=1 train_loss=[0-9.]+", lines[0])
    assert re.fullmatch(
        r"epoch=1 validation_loss=[0-9.]+ validation_accuracy=[0-9.]+ validation_macro_f1=[0-9.]+", lines[1]
    )
    assert [line.split()[0] for line in lines] == ["epoch=1", "epoch=1", "epoch=2", "epoch=2"]


def test_a_seed_repeats_to_the_bit_and_another_does_not(
    prepared: Workspace, features: tuple[FeatureSet, FeatureSet]
) -> None:
    def weights(seed: int) -> np.ndarray:
        parameters = TrainingParameters(epochs=1, learning_rate=3e-3, train_batch_size=16, seed=seed)
        model = build(prepared)
        fine_tune(model, everything(features[0]), None, parameters, pad_id=0)
        return torch.cat([weight.flatten() for weight in model.parameters()]).detach().numpy()

    first = weights(5)
    assert np.array_equal(first, weights(5))
    assert not np.array_equal(first, weights(6))


def trained(prepared: Workspace, train: FeatureSet, **options: Any) -> np.ndarray:
    parameters = TrainingParameters(epochs=1, learning_rate=3e-3, train_batch_size=16, **options)
    model = build(prepared)
    fine_tune(model, everything(train), None, parameters, pad_id=0)
    return torch.cat([weight.flatten() for weight in model.parameters()]).detach().numpy()


def test_options_for_rare_classes_train_other_weights_and_repeat(
    prepared: Workspace, features: tuple[FeatureSet, FeatureSet]
) -> None:
    plain = trained(prepared, features[0])
    for strategy in STRATEGIES[1:]:
        found = trained(prepared, features[0], imbalance=strategy)
        assert np.array_equal(found, trained(prepared, features[0], imbalance=strategy))
        assert not np.allclose(found, plain, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"imbalance": "FocalLoss", "focal_gamma": 0.0},
        {"imbalance": "LogitAdjustment", "logit_adjustment_tau": 0.0},
    ],
)
def test_an_option_without_strength_is_the_plain_recipe(
    prepared: Workspace, features: tuple[FeatureSet, FeatureSet], options: dict[str, Any]
) -> None:
    plain = trained(prepared, features[0])
    assert np.allclose(trained(prepared, features[0], **options), plain, atol=1e-4)


def test_resampling_shows_each_class_equally_often(
    prepared: Workspace, features: tuple[FeatureSet, FeatureSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    train = features[0]
    rows = [
        *np.flatnonzero(train.label_ids == 0)[:5].tolist(),
        *np.flatnonzero(train.label_ids != 0)[:85].tolist(),
    ]
    seen: list[int] = []
    original = PaddingCollator.__call__

    def spy(self: PaddingCollator, examples: list[Any]) -> dict[str, torch.Tensor]:
        seen.extend(example["label"] for example in examples)
        return original(self, examples)

    monkeypatch.setattr(PaddingCollator, "__call__", spy)
    parameters = TrainingParameters(epochs=2, train_batch_size=15, imbalance="Resample")
    fine_tune(build(prepared), Examples(train, rows), None, parameters, pad_id=0)
    assert np.bincount(seen[:90]).tolist() == np.bincount(seen[90:180]).tolist() == [30, 30, 30]


def test_validation_loss_stays_the_plain_one_whatever_training_minimises(
    prepared: Workspace, features: tuple[FeatureSet, FeatureSet]
) -> None:
    train, validation = features
    model = build(prepared)
    parameters = TrainingParameters(epochs=1, train_batch_size=16, imbalance="ClassWeights")
    history = fine_tune(model, everything(train), everything(validation), parameters, pad_id=0)
    examples = everything(validation)
    batch = PaddingCollator(0)([examples[row] for row in range(len(examples))])
    with torch.inference_mode():
        answer = model.eval()(**batch)
    assert history.epochs[-1]["validation_loss"] == pytest.approx(float(answer.loss), abs=1e-4)


def test_a_cap_on_steps_ends_the_epoch_early(
    prepared: Workspace, features: tuple[FeatureSet, FeatureSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    original = PaddingCollator.__call__
    monkeypatch.setattr(
        PaddingCollator,
        "__call__",
        lambda self, examples: (seen.append(len(examples)), original(self, examples))[1],
    )
    parameters = TrainingParameters(epochs=2, train_batch_size=8, train_steps_per_epoch=3)
    history = fine_tune(build(prepared), everything(features[0]), None, parameters, pad_id=0)
    assert [item["epoch"] for item in history.epochs] == [1, 2]
    assert 6 <= len(seen) <= 8  # the loader may read ahead


@pytest.mark.parametrize("validated", [True, False])
def test_a_loss_that_is_no_number_ends_the_first_bad_epoch(
    prepared: Workspace,
    features: tuple[FeatureSet, FeatureSet],
    capsys: pytest.CaptureFixture[str],
    validated: bool,
) -> None:
    model = build(prepared)
    steps = steps_per_epoch(len(features[0]), QUICK, 1)
    calls = 0

    def break_in_the_second_epoch(module: torch.nn.Module, inputs: tuple[torch.Tensor]) -> None:
        nonlocal calls
        calls += module.training
        if calls == steps + 2:
            module.weight.data.fill_(float("nan"))

    model.classifier.register_forward_pre_hook(break_in_the_second_epoch)
    validation = everything(features[1]) if validated else None
    parameters = TrainingParameters(epochs=5, learning_rate=3e-3, train_batch_size=16)
    with pytest.raises(
        TrainingDiverged, match=r"in epoch 2: train_loss is nan with LearningRate 0\.003; lower"
    ):
        fine_tune(model, everything(features[0]), validation, parameters, pad_id=0)
    assert calls == 2 * steps
    assert "epoch=2" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("validated", "said"),
    [(True, "epoch 1: validation_loss is nan"), (False, "epoch 1: the sum of the weights is nan")],
)
def test_weights_that_break_in_the_last_step_are_noticed(
    prepared: Workspace,
    features: tuple[FeatureSet, FeatureSet],
    monkeypatch: pytest.MonkeyPatch,
    validated: bool,
    said: str,
) -> None:
    model = build(prepared)
    step = torch.optim.AdamW.step

    def broken_step(self: torch.optim.AdamW, *args: object, **more: object) -> object:
        found = step(self, *args, **more)
        model.classifier.weight.data.fill_(float("nan"))
        return found

    monkeypatch.setattr(torch.optim.AdamW, "step", broken_step)
    parameters = TrainingParameters(epochs=1, train_batch_size=16, train_steps_per_epoch=1)
    validation = everything(features[1]) if validated else None
    with pytest.raises(TrainingDiverged, match=said):
        fine_tune(model, everything(features[0]), validation, parameters, pad_id=0)


def test_the_best_epoch_has_the_best_macro_f1() -> None:
    values = [0.5, 0.7, 0.7, 0.6]
    history = History([{"epoch": n, "validation_macro_f1": value} for n, value in enumerate(values, start=1)])
    assert history.best_epoch() == 2
    assert History([{"epoch": 1}, {"epoch": 2}]).best_epoch() == 2
