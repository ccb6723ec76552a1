import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from pipeline_code.reviews import metrics

PAIRS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)


@given(PAIRS)
def test_figures_agree_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    true, predicted = np.array(pairs).T
    matrix = metrics.confusion_matrix(true, predicted, 3)
    assert matrix.tolist() == reference.confusion_matrix(true, predicted, labels=[0, 1, 2]).tolist()
    assert float(metrics.accuracy(matrix)) == pytest.approx(reference.accuracy_score(true, predicted))
    occurring = sorted(set(true.tolist()))
    expected = reference.f1_score(true, predicted, labels=occurring, average="macro", zero_division=0)
    assert float(metrics.macro_f1(matrix)) == pytest.approx(expected)
    columns = reference.precision_recall_fscore_support(true, predicted, labels=[0, 1, 2], zero_division=0)
    for name, column in zip(("precision", "recall", "f1", "support"), columns, strict=True):
        found = [item[name] for item in metrics.per_class(matrix, ["a", "b", "c"]).values()]
        assert found == pytest.approx(column.tolist())


def test_rows_are_true_and_columns_predicted() -> None:
    matrix = metrics.confusion_matrix(np.array([0, 0, 0]), np.array([0, 2, 2]), 3)
    assert matrix[0].tolist() == [1, 0, 2]
    report = metrics.matrix_report(matrix, ["negative", "neutral", "positive"])
    assert (report["rows"], report["columns"]) == ("true", "predicted")
    assert metrics.per_class(matrix, report["labels"])["negative"]["recall"] == pytest.approx(1 / 3)
    assert metrics.per_class(matrix, report["labels"])["negative"]["precision"] == 1.0
