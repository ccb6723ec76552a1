"""Metrics out of printed lines."""

import pytest

from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs.metrics import MetricReader, compile_definition

LOSS = {"Name": "train:loss", "Regex": "train_loss=([0-9.e+-]+)"}
ACCURACY = {"Name": "validation:accuracy", "Regex": r"validation_accuracy=(\S+)"}


def test_the_last_value_of_each_metric_is_kept() -> None:
    reader = MetricReader([LOSS, ACCURACY])
    assert reader.feed("nothing here") == []
    reader.feed("epoch=1 train_loss=0.912")
    both = reader.feed("epoch=2 train_loss=1e-3 validation_accuracy=0.74")
    assert [(one["MetricName"], one["Value"]) for one in both] == [
        ("train:loss", 0.001),
        ("validation:accuracy", 0.74),
    ]
    assert {one["MetricName"]: one["Value"] for one in reader.final()} == {
        "train:loss": 0.001,
        "validation:accuracy": 0.74,
    }


@pytest.mark.parametrize("written", ["high", "nan", "-inf"])
def test_what_is_no_number_is_no_metric(written: str) -> None:
    reader = MetricReader([ACCURACY])
    assert reader.feed(f"validation_accuracy={written}") == []
    assert reader.final() == []


def test_a_broken_expression_is_refused_by_name() -> None:
    with pytest.raises(ServiceError, match="'bad' is invalid"):
        compile_definition({"Name": "bad", "Regex": "("})
