from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.contract import Contract, NamedClass
from pipeline_code.reviews.labels.columns import LabelColumns
from pipeline_code.reviews.labels.report import label_report, summary


def columns(ratings: list[Any], contract: Contract, raters: list[Any] | None = None) -> LabelColumns:
    rule: Any = contract.label_rule
    rows = [str(row) for row in range(len(ratings))]
    labels = np.array([rule.class_id(np.mean(given or [0])) for given in ratings])
    texts = [f"text {row}" for row in rows]
    return LabelColumns(rows, rows, texts, labels, ratings, raters or [None] * len(ratings))


def sure(labels: Any, confidence: float = 0.8) -> Any:
    """Probabilities of a model that believes every label."""
    return np.where(np.eye(3, dtype=bool)[labels], confidence, (1 - confidence) / 2)


def test_a_report_of_rated_texts(contract: Contract, crowd: Any) -> None:
    rows = columns(crowd(150, 10), contract, [[f"r{place}" for place in range(10)]] * 150)
    report, queue = label_report(rows, contract, sure(rows.label_ids), seed=1, samples=100)
    assert report["rows"] == report["rated_rows"] == 150
    assert report["raters"]["raters"] == 10
    assert report["issues"]["flagged"] == 0
    assert report["relabel"]["queued"] == len(queue) == report["relabel"]["more_ratings"]
    assert {row["action"] for row in queue} == {"more ratings"}
    gains = [row["expected_gain"] for row in queue]
    assert gains == sorted(gains, reverse=True)
    assert report["relabel"]["expected_fixed"] == pytest.approx(sum(gains))
    first = queue[0]
    assert first["text"] == f"text {first['review_id']}"
    assert first["likeliest_other"] != first["label"]
    assert (first["ratings"], first["model"]) == (10, pytest.approx(0.8))
    found = summary(report)
    assert found["alpha"]["nominal"] == report["agreement"]["alpha"]["nominal"]["value"]
    assert found["ambiguous_share"] == report["ambiguity"]["ambiguous_share"]
    assert (found["probable_errors"], found["queued"]) == (0, len(queue))


def test_a_contradicted_clear_label_gets_a_second_look(contract: Contract) -> None:
    rows = columns([[2.0, 2.0, 3.0]] * 30 + [[-2.0, -2.0, -3.0]] * 30, contract)
    model = sure(rows.label_ids)
    model[7] = [0.9, 0.05, 0.05]
    report, queue = label_report(rows, contract, model, seed=1, samples=50)
    (only,) = queue
    assert (only["review_id"], only["action"], only["likeliest_other"]) == ("7", "second look", "negative")
    assert report["issues"]["probable_errors"] == 1
    assert report["issues"]["flagged_and_ambiguous"] == 0


def test_a_label_that_was_corrected_is_not_queued_again(contract: Contract) -> None:
    rows = columns([[2.0, 2.0, 3.0]] * 30 + [[-2.0, -2.0, -3.0]] * 30, contract)
    rows.label_ids[7] = 0
    report, queue = label_report(rows, contract, sure(np.array([2] * 30 + [0] * 30)), seed=1, samples=50)
    assert report["issues"]["flagged"] == 1
    assert queue == []
    assert report["human"]["label_agreement"] == pytest.approx(59 / 60)


def test_without_ratings_the_model_alone_fills_the_queue(contract: Contract) -> None:
    nobody = columns([None] * 20, contract)
    rows = LabelColumns(
        nobody.review_ids, nobody.group_ids, nobody.texts, np.arange(20) % 3, nobody.ratings, nobody.raters
    )
    model = sure(rows.label_ids)
    model[4] = [0.05, 0.05, 0.9]
    report, queue = label_report(rows, contract, model, seed=1, samples=50)
    assert [row["review_id"] for row in queue] == ["4"]
    assert queue[0]["human"] is None
    assert queue[0]["action"] == "second look"
    assert report["agreement"] is report["ambiguity"] is report["raters"] is None
    assert "reason" in report["human"]
    assert summary(report) == {}


def test_without_a_model_the_ratings_alone_fill_it(contract: Contract, crowd: Any) -> None:
    rows = columns(crowd(100, 6), contract)
    report, queue = label_report(rows, contract, None, seed=1, samples=50)
    assert report["issues"] is None
    assert queue
    assert {row["model"] for row in queue} == {None}


def test_named_classes_are_reported_without_a_scale(contract: Contract) -> None:
    values = {"neg": "negative", "neu": "neutral", "pos": "positive"}
    named = contract.model_copy(update={"label_rule": NamedClass(kind="named_class", values=values)})
    rows = columns([None] * 6, contract)
    model = sure(rows.label_ids)
    report, _ = label_report(rows, named, model, seed=1, samples=50)
    assert report["agreement"] is None
    assert report["definition"] == []


def test_it_repeats_with_its_seed(contract: Contract, crowd: Any) -> None:
    rows = columns(crowd(60, 6), contract)
    first, again = (label_report(rows, contract, None, seed=3, samples=50) for _ in range(2))
    assert first == again
