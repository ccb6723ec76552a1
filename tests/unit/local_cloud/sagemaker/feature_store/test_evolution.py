"""A template may add features to a group; it may not remove, rename or retype one."""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.feature_store.evolution import update_parameters

OLD = {"review_id": "String", "label_id": "Integral"}


def properties(features: dict[str, str], **more: Any) -> dict[str, Any]:
    definitions = [{"FeatureName": name, "FeatureType": kind} for name, kind in features.items()]
    return {"FeatureGroupName": "g", "FeatureDefinitions": definitions, **more}


def test_what_is_new_is_added_wherever_it_stands() -> None:
    new = {"stars": "Fractional", **OLD}
    assert update_parameters("g", properties(OLD), properties(new)) == {
        "FeatureGroupName": "g",
        "FeatureAdditions": [{"FeatureName": "stars", "FeatureType": "Fractional"}],
    }


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ({"review_id": "String"}, "cannot lose label_id"),
        ({"review_id": "String", "label": "Integral"}, "cannot lose label_id"),
        ({"review_id": "String", "label_id": "String"}, "cannot change the type of label_id"),
        ({**OLD, "review_id": "Integral", "more": "String"}, "cannot change the type of review_id"),
    ],
)
def test_what_exists_stays_as_it_is(new: dict[str, str], reason: str) -> None:
    with pytest.raises(ServiceError, match=reason):
        update_parameters("g", properties(OLD), properties(new))


def test_throughput_changes_in_place() -> None:
    throughput = {"ThroughputMode": "OnDemand"}
    changed = update_parameters("g", properties(OLD), properties(OLD, ThroughputConfig=throughput))
    assert changed == {"FeatureGroupName": "g", "ThroughputConfig": throughput}
