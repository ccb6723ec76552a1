"""CloudFormation's SageMaker resource types, by the same operations as the API serves."""

from __future__ import annotations

from local_cloud import ministack_hooks as hooks
from local_cloud.sagemaker.cloudformation.handler import Handler
from local_cloud.sagemaker.cloudformation.types import TYPES
from local_cloud.sagemaker.cloudformation.values import typed
from local_cloud.sagemaker.context import Contexts

__all__ = ["TYPES", "register", "typed"]


def register(contexts: Contexts) -> None:
    """Teach the emulator's CloudFormation all types; it refuses templates with others by their names."""
    for type_ in TYPES:
        handler = Handler(type_, contexts)
        hooks.register_resource_type(
            type_.cfn_type,
            {"create": handler.create, "update": handler.update, "delete": handler.delete},
            replacing=type_.replacing,
            name_property=type_.name_property,
            taggable=type_.taggable,
        )
