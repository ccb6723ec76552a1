import importlib.util
from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.labels import issues
from pipeline_code.reviews.labels.issues import CLEANLAB, OURS, label_issues


def noisy(rows: int = 600, share: float = 0.1) -> tuple[Any, Any, Any]:
    """Labels of which some are wrong, and probabilities of a model that knows most classes."""
    generator = np.random.default_rng(2)
    true = generator.integers(0, 3, rows)
    labels = np.where(generator.random(rows) < share, (true + 1) % 3, true)
    scores = generator.normal(0, 1, (rows, 3)) + 3 * np.eye(3)[true]
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return labels, probabilities, labels != true


def test_quality_is_the_labels_own_probability() -> None:
    found = label_issues(np.array([0, 2]), np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]]), use_cleanlab=False)
    assert found.quality.tolist() == [0.7, 0.1]


def test_by_hand() -> None:
    # Class means among their rows: 0.7 and 0.5. Row 3 reaches the first, but its label is 1.
    probabilities = np.array([[0.8, 0.2], [0.6, 0.4], [0.25, 0.75], [0.75, 0.25]])
    found = label_issues(np.array([0, 0, 1, 1]), probabilities, use_cleanlab=False)
    assert found.flagged.tolist() == [False, False, False, True]


def test_most_wrong_labels_are_found_and_few_others() -> None:
    labels, probabilities, wrong = noisy()
    found = label_issues(labels, probabilities, use_cleanlab=False)
    assert found.method == OURS
    assert found.flagged[wrong].mean() > 0.65
    assert wrong[found.flagged].mean() > 0.6
    worst = np.argsort(found.quality)[: wrong.sum()]
    assert wrong[worst].mean() > 0.7


def test_a_class_that_no_label_names_flags_nothing() -> None:
    probabilities = np.array([[0.5, 0.1, 0.4], [0.4, 0.1, 0.5], [0.5, 0.3, 0.2]])
    found = label_issues(np.array([0, 0, 1]), probabilities, use_cleanlab=False)
    assert found.flagged.tolist() == [False, False, True]


def test_a_label_that_the_model_finds_likeliest_is_never_flagged() -> None:
    # Class 1 is rarely likely: its mean is 0.2, which row 0 reaches; class 0 falls short of its own mean.
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.8, 0.2]])
    assert not label_issues(np.array([0, 0, 1]), probabilities, use_cleanlab=False).flagged[0]


@pytest.mark.parametrize("lean", [0.0, 1.0, 2.0])
def test_confident_learning_is_that_of_cleanlab(lean: float) -> None:
    cleanlab = pytest.importorskip("cleanlab.filter")
    labels, probabilities, _ = noisy()
    probabilities = probabilities * np.exp([0.0, lean, 0.0])  # towards a class whose mean is high then
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    wanted = cleanlab.find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
    assert (label_issues(labels, probabilities, use_cleanlab=False).flagged == wanted).all()


def test_cleanlab_is_used_where_it_is_installed() -> None:
    pytest.importorskip("cleanlab")
    labels, probabilities, wrong = noisy()
    found = label_issues(labels, probabilities)
    assert found.method == CLEANLAB
    assert found.flagged.dtype == bool
    assert found.flagged[wrong].mean() > 0.6
    assert (found.quality == label_issues(labels, probabilities, use_cleanlab=False).quality).all()


def test_without_cleanlab_ours_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, probabilities, _ = noisy()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert issues.label_issues(labels, probabilities).method == OURS
