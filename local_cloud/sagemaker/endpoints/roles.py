"""As whom the service reads and writes for an endpoint: the execution role of a variant's model."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context


def execution_role(ctx: Context, config: dict[str, Any], variant: str) -> str | None:
    """The role of a variant's model, else that of the endpoint configuration; None when neither has one."""
    members = [*config.get("ProductionVariants", ()), *config.get("ShadowProductionVariants", ())]
    name = next((one.get("ModelName") for one in members if one["VariantName"] == variant), None)
    model = resources.find(ctx, "Model", name) if name else None
    role = (model or {}).get("ExecutionRoleArn") or config.get("ExecutionRoleArn")
    return str(role) if role else None
