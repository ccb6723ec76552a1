"""How a template may change a feature group: features are added, and nothing that exists changes."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.operations import Params

_CHANGEABLE = ("OnlineStoreConfig", "ThroughputConfig")


def update_parameters(name: str, old: Params, new: Params) -> Params:
    """Return the parameters of UpdateFeatureGroup that lead from `old` to `new` properties.

    Raises
    ------
    ServiceError
        A feature would be removed, renamed or get another type.
    """
    before, after = _by_name(old), _by_name(new)
    removed = sorted(before.keys() - after.keys())
    if removed:
        raise validation(
            f"Feature group {name} cannot lose {', '.join(removed)}: features are only ever added."
        )
    changed = sorted(feature for feature, definition in before.items() if after[feature] != definition)
    if changed:
        raise validation(f"Feature group {name} cannot change the type of {', '.join(changed)}.")
    params: Params = {"FeatureGroupName": name}
    if added := [definition for feature, definition in after.items() if feature not in before]:
        params["FeatureAdditions"] = added
    params |= {
        member: new[member] for member in _CHANGEABLE if member in new and old.get(member) != new[member]
    }
    return params


def _by_name(properties: Params) -> dict[str, dict[str, Any]]:
    return {item["FeatureName"]: item for item in properties.get("FeatureDefinitions", [])}
