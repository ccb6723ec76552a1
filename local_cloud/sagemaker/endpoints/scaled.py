"""Variants that are scaled automatically: an update may neither remove them nor change their type."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import validation

_TARGET = "ScalableTarget"


def check_kept(ctx: Context, endpoint: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Compare the endpoint configurations of an update.

    Raises
    ------
    ServiceError
        ValidationException that names the scaled variants which would go or get another instance type.
    """
    lead = f"endpoint/{endpoint}/variant/"
    resources = [str(target["ResourceId"]) for target in ctx.store.list(_TARGET)]
    scaled = {resource.removeprefix(lead) for resource in resources if resource.startswith(lead)}
    old, new = _types(before), _types(after)
    changed = sorted(name for name in scaled & set(old) if old[name] != new.get(name))
    if changed:
        raise validation(
            f'The variant(s) "{", ".join(changed)}" must be deregistered as scalable targets with AWS Auto '
            "Scaling before they can be removed or have their instance type updated."
        )


def _types(config: dict[str, Any]) -> dict[str, Any]:
    return {one["VariantName"]: one.get("InstanceType") for one in config.get("ProductionVariants", ())}
