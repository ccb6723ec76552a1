from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from pipeline_code.reviews.contract import read_contract
from pipeline_code.reviews.dataset import FeatureSet, read_features
from pipeline_code.reviews.training import overfit
from pipeline_code.reviews.training.model import build_classifier
from pipeline_code.reviews.training.overfit import SanityCheckFailed, check_overfit, choose_rows
from pipeline_code.reviews.training.parameters import TrainingParameters
from tests.unit.pipeline_code.workspace import CONTRACT, Workspace

PARAMETERS = TrainingParameters(learning_rate=1e-3)


@pytest.fixture
def train(prepared: Workspace) -> FeatureSet:
    return read_features(prepared.root / "train", "train")


@pytest.fixture
def model(prepared: Workspace, monkeypatch: pytest.MonkeyPatch) -> PreTrainedModel:
    """An encoder with random weights learns fewer examples in the time of a test."""
    monkeypatch.setattr(overfit, "supports_bf16", lambda: False)
    torch.manual_seed(1)
    return build_classifier(prepared.encoder, read_contract(CONTRACT), freeze=False)


def everything(train: FeatureSet) -> list[int]:
    return list(range(len(train)))


def of_one_text(train: FeatureSet, count: int | None = None) -> FeatureSet:
    """The same rows with the text of the first in `count` of them, or in all."""
    count = len(train) if count is None else count
    ids = [train.ids(0 if row < count else row) for row in range(len(train))]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in ids])])
    return replace(train, tokens=np.concatenate(ids), offsets=offsets)


def test_the_examples_are_balanced_distinct_and_chosen_by_hash(train: FeatureSet) -> None:
    rows = choose_rows(train, everything(train))
    assert len(rows) == 32
    assert sorted(Counter(train.label_ids[rows].tolist()).values()) == [10, 11, 11]
    assert len({train.ids(row).tobytes() for row in rows}) == 32
    assert choose_rows(train, everything(train)[::-1]) == rows


def test_a_rare_class_gives_all_it_has(train: FeatureSet) -> None:
    rare = np.flatnonzero(train.label_ids == 0)[:3].tolist()
    others = np.flatnonzero(train.label_ids != 0).tolist()
    chosen = choose_rows(train, rare + others)
    assert set(rare) <= set(chosen)
    assert np.bincount(train.label_ids[chosen]).tolist() in ([3, 14, 15], [3, 15, 14])


def test_repeated_texts_come_last(train: FeatureSet) -> None:
    half = of_one_text(train, 100)
    assert len({half.ids(row).tobytes() for row in choose_rows(half, everything(train))}) == 32
    assert len(choose_rows(of_one_text(train), everything(train))) == 32
    few = everything(train)[:5]
    assert sorted(choose_rows(train, few)) == few


def test_a_sound_model_learns_and_stays_as_it_was(
    model: PreTrainedModel, train: FeatureSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overfit, "choose_rows", lambda features, rows: rows)
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    state, training = torch.random.get_rng_state(), model.training
    chosen = choose_rows(train, everything(train), count=6)
    steps, examples = check_overfit(model, train, chosen, PARAMETERS, pad_id=0)
    assert 1 <= steps <= overfit.MOST_STEPS
    assert examples == 6
    assert torch.equal(torch.random.get_rng_state(), state)
    assert model.training == training
    assert all(torch.equal(weights[name], value) for name, value in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())


def test_labels_that_contradict_each_other_are_found(
    model: PreTrainedModel, train: FeatureSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overfit, "MOST_STEPS", 12)
    with pytest.raises(
        SanityCheckFailed, match=r"wrong after 12 steps on nothing else; 32 of them share their text"
    ):
        check_overfit(model, of_one_text(train), everything(train), PARAMETERS, pad_id=0)


def test_a_rate_that_is_far_too_high_is_named(
    model: PreTrainedModel, train: FeatureSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overfit, "MOST_STEPS", 12)
    with pytest.raises(SanityCheckFailed, match="is LearningRate 1 too high"):
        check_overfit(model, train, everything(train), TrainingParameters(learning_rate=1.0), pad_id=0)
