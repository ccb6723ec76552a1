"""The rough bill follows the settings."""

from typing import Any

import pytest

from bertline import cost
from bertline.errors import BertlineError

PRICES: dict[str, Any] = {
    "instance_hour": {"ml.a": 1.0, "ml.b": 6.0},
    "month": {"kms_key": 1.0, "s3_gb": 0.02},
    "minutes": {"Prepare": 30, "Train": 10},
}
SETTINGS: dict[str, Any] = {
    "processing": {"instance_type": "ml.a", "instance_count": 4},
    "training": {"instance_type": "ml.b", "instance_count": 1},
    "serving": {"instance_type": "ml.a", "instance_count": 2},
}


def test_a_run_is_the_sum_of_its_steps_and_an_endpoint_costs_by_the_hour() -> None:
    bill = {(item.what, item.unit): item.dollars for item in cost.estimate(SETTINGS, PRICES)}
    assert bill[("step Prepare", "run")] == 2.0
    assert bill[("step Train", "run")] == 1.0
    assert bill[("one pipeline run", "run")] == 3.0
    assert bill[("endpoint", "hour")] == 2.0
    assert bill[("endpoint", "month")] == 2.0 * 730


def test_an_instance_type_without_a_price_is_named() -> None:
    with pytest.raises(BertlineError, match=r"no price for ml\.a"):
        cost.estimate(SETTINGS, {**PRICES, "instance_hour": {"ml.b": 6.0}})


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_every_environment_has_a_bill(environment: str) -> None:
    assert sum(item.dollars for item in cost.read(environment)) > 0
