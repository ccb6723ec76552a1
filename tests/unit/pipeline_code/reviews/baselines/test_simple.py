import numpy as np
import pytest

from pipeline_code.reviews.baselines import STRENGTHS, held_out_probabilities, majority, tfidf
from pipeline_code.reviews.dataset import DatasetError, read_features
from tests.unit.pipeline_code.workspace import Workspace


def test_the_majority_comes_from_train(prepared: Workspace) -> None:
    train = read_features(prepared.root / "train", "train")
    test = read_features(prepared.root / "test", "test")
    predicted, facts = majority(train, test)
    assert set(predicted.tolist()) == {int(np.bincount(train.label_ids).argmax())} == {facts["class_id"]}
    assert len(predicted) == len(test)


def test_tfidf_learns_the_words_and_never_sees_the_labels_of_test(prepared: Workspace) -> None:
    train = read_features(prepared.root / "train", "train")
    test = read_features(prepared.root / "test", "test")
    predicted, facts = tfidf(train, test, 1)
    assert np.mean(predicted == test.label_ids) > 0.7
    assert facts["C"] in STRENGTHS
    test.label_ids[:] = 0
    assert tfidf(train, test, 1)[0].tolist() == predicted.tolist()


def test_a_rare_class_counts_as_much_as_a_common_one(prepared: Workspace) -> None:
    train = read_features(prepared.root / "train", "train")
    test = read_features(prepared.root / "test", "test")
    rare = int(np.bincount(train.label_ids, minlength=3).argmin())
    train.label_ids[np.flatnonzero(train.label_ids == rare)[3:]] = (rare + 1) % 3
    predicted, facts = tfidf(train, test, 1)
    assert facts["class_weight"] == "balanced"
    assert rare in predicted


def test_second_opinions_come_from_models_that_did_not_see_the_row(prepared: Workspace) -> None:
    train = read_features(prepared.root / "train", "train")
    test = read_features(prepared.root / "test", "test")
    found = held_out_probabilities(train, [test], 1, 3)
    assert found.shape == (len(train) + len(test), 3)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.mean(found[: len(train)].argmax(axis=1) == train.label_ids) > 0.7
    group = train.group_ids[0]
    rows = [row for row, name in enumerate(train.group_ids) if name == group]
    train.label_ids[rows] = (train.label_ids[rows] + 1) % 3
    again = held_out_probabilities(train, [test], 1, 3)
    assert np.array_equal(again[rows], found[rows])
    assert not np.array_equal(again[len(train) :], found[len(train) :])


def test_a_class_that_one_fold_holds_alone_needs_no_cross_validation(prepared: Workspace) -> None:
    train = read_features(prepared.root / "train", "train")
    test = read_features(prepared.root / "test", "test")
    train.label_ids[:] = 2
    train.label_ids[[row for row, name in enumerate(train.group_ids) if name == train.group_ids[0]]] = 0
    predicted, facts = tfidf(train, test, 1)
    assert (facts["C"], facts["cross_validation_macro_f1"]) == (STRENGTHS[1], {})
    assert set(predicted.tolist()) <= {0, 2}
    found = held_out_probabilities(train, [test], 1, 3)
    assert np.allclose(found[: len(train)], 1 / 3)
    assert np.allclose(found[len(train) :].sum(axis=1), 1)


def test_train_rows_of_one_class_are_an_error_that_says_what_to_do(prepared: Workspace) -> None:
    train = read_features(prepared.root / "train", "train")
    test = read_features(prepared.root / "test", "test")
    train.label_ids[:] = 1
    with pytest.raises(DatasetError, match="all rows of train are of one class: give train a larger share"):
        tfidf(train, test, 1)
