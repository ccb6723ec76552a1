"""Metrics from confusion matrices; rows are the true classes, columns the predicted ones."""

from __future__ import annotations

from typing import Any

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]


def confusion_matrix(true: Ints, predicted: Ints, classes: int) -> Ints:
    """Counts [classes, classes]: entry (i, j) are the rows of class i that were predicted as j."""
    flat = np.bincount(np.asarray(true) * classes + np.asarray(predicted), minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


def _ratio(top: Any, bottom: Any) -> Floats:
    top, bottom = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
    ratio: Floats = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
    return ratio


def accuracy(matrices: Ints | Floats) -> Floats:
    """Share of correct rows for matrices [..., classes, classes]."""
    return _ratio(np.trace(matrices, axis1=-2, axis2=-1), matrices.sum(axis=(-2, -1)))


def f1(matrices: Ints | Floats) -> Floats:
    """F1 a class [..., classes]; 0 for a class that neither occurs nor is predicted."""
    hits = np.diagonal(matrices, axis1=-2, axis2=-1)
    return _ratio(2 * hits, matrices.sum(axis=-1) + matrices.sum(axis=-2))


def recall(matrices: Ints | Floats) -> Floats:
    """Recall a class [..., classes]."""
    return _ratio(np.diagonal(matrices, axis1=-2, axis2=-1), matrices.sum(axis=-1))


def precision(matrices: Ints | Floats) -> Floats:
    """Precision a class [..., classes]."""
    return _ratio(np.diagonal(matrices, axis1=-2, axis2=-1), matrices.sum(axis=-2))


def macro_f1(matrices: Ints | Floats) -> Floats:
    """Mean F1 over the classes that occur in the data, for matrices [..., classes, classes]."""
    occurs = matrices.sum(axis=-1) > 0
    return _ratio((f1(matrices) * occurs).sum(axis=-1), occurs.sum(axis=-1))


def scores(matrix: Ints) -> dict[str, float]:
    """Accuracy and macro-F1 of one matrix."""
    return {"accuracy": float(accuracy(matrix)), "macro_f1": float(macro_f1(matrix))}


def per_class(matrix: Ints, names: list[str]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of every class."""
    columns = (precision(matrix), recall(matrix), f1(matrix), matrix.sum(axis=1))
    return {
        name: {
            "precision": float(columns[0][position]),
            "recall": float(columns[1][position]),
            "f1": float(columns[2][position]),
            "support": int(columns[3][position]),
        }
        for position, name in enumerate(names)
    }


def matrix_report(matrix: Ints, names: list[str]) -> dict[str, Any]:
    """A confusion matrix that says what its axes are."""
    return {"rows": "true", "columns": "predicted", "labels": names, "counts": matrix.tolist()}
