"""The encoder behind the learners' interface: weights count, and equal calls give equal answers."""

from pathlib import Path

import numpy as np
import pytest

from pipeline_code.reviews.levers.encoder_learner import EncoderLearner
from pipeline_code.reviews.training.parameters import TrainingParameters
from tests.unit.pipeline_code.reviews.levers.world import CONTRACT
from tests.unit.pipeline_code.workspace import write_encoder

TEXTS = ["the phone is great", "the phone is bad", "the box came today", "great sound"] * 6
LABELS = np.array([2, 0, 1, 2] * 6)
ASKED = ["great phone", "bad phone and bad sound and bad cable", "box"]


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory) -> EncoderLearner:
    # Random weights need many steps to learn what a pre-trained encoder learns in ten.
    parameters = TrainingParameters(epochs=25, learning_rate=0.003, train_batch_size=8)
    encoder = write_encoder(tmp_path_factory.mktemp("encoder"))
    return EncoderLearner(Path(encoder), CONTRACT, max_seq_length=12, parameters=parameters)


def test_equal_calls_give_equal_answers_in_the_order_of_the_texts(learner: EncoderLearner) -> None:
    first = learner.fit_predict(TEXTS, LABELS, np.ones(24), ASKED, seed=3)
    assert first.shape == (3, 3)
    assert first.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(first, learner.fit_predict(TEXTS, LABELS, np.ones(24), ASKED, seed=3))
    turned = learner.fit_predict(TEXTS, LABELS, np.ones(24), ASKED[::-1], seed=3)
    assert turned[::-1] == pytest.approx(first, abs=1e-5)
    assert first.argmax(axis=1).tolist() == [2, 0, 1]


def test_a_text_of_weight_zero_is_not_there(learner: EncoderLearner) -> None:
    both = learner.fit_predict(TEXTS * 2, np.tile(LABELS, 2), np.repeat([1.0, 0.0], 24), ASKED, seed=3)
    assert np.array_equal(both, learner.fit_predict(TEXTS, LABELS, np.ones(24), ASKED, seed=3))


def test_of_two_labels_for_a_text_the_heavier_wins(learner: EncoderLearner) -> None:
    texts, labels = TEXTS * 2, np.concatenate([LABELS, (LABELS + 1) % 3])
    for heavy, wanted in ((np.repeat([1.0, 0.1], 24), [2, 0, 1]), (np.repeat([0.1, 1.0], 24), [0, 1, 2])):
        assert learner.fit_predict(texts, labels, heavy, ASKED, seed=3).argmax(axis=1).tolist() == wanted
