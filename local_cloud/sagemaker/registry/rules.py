"""What a model package may hold, when it is registered and when it is changed."""

from __future__ import annotations

from typing import Any

from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.operations import Params
from local_cloud.sagemaker.registry import cards
from local_cloud.sagemaker.store import Record

_MOST_SPECIFICATIONS = 15
_MOST_METADATA = 50


def check_new(params: Params) -> None:
    """Refuse a package that SageMaker would refuse, or that it would have to run jobs to validate.

    Raises
    ------
    ServiceError
        ValidationException that names the member.
    """
    versioned = "ModelPackageGroupName" in params
    if versioned == ("ModelPackageName" in params):
        raise validation("Give exactly one of ModelPackageName and ModelPackageGroupName.")
    _check_kind(params, versioned)
    if "SourceAlgorithmSpecification" in params:
        raise validation("SourceAlgorithmSpecification is not supported here: there are no algorithms.")
    if "ValidationSpecification" in params and params.get("SkipModelValidation") != "All":
        raise validation("ValidationSpecification is not supported here; give SkipModelValidation All.")
    _check_containers(params)
    _check_specifications(params.get("AdditionalInferenceSpecifications", []))
    check_card(params)


def check_card(params: Params) -> None:
    """Refuse a model card whose content is no JSON object."""
    content = params.get("ModelCard", {}).get("ModelCardContent")
    if content is not None:
        cards.check_content(content, "ModelCardContent")


def changed(before: Record, changes: Params) -> dict[str, Any]:
    """The members that a change gives new values, with those values.

    Raises
    ------
    ServiceError
        More metadata or inference specifications than a package may have.
    """
    after = dict(changes)
    metadata = {**before.get("CustomerMetadataProperties", {}), **after.pop("CustomerMetadataProperties", {})}
    for key in after.pop("CustomerMetadataPropertiesToRemove", []):
        metadata.pop(key, None)
    if len(metadata) > _MOST_METADATA:
        raise validation(f"CustomerMetadataProperties would have {len(metadata)} entries; 50 are allowed.")
    if metadata != before.get("CustomerMetadataProperties", {}):
        after["CustomerMetadataProperties"] = metadata
    added = after.pop("AdditionalInferenceSpecificationsToAdd", [])
    if added:
        whole = [*before.get("AdditionalInferenceSpecifications", []), *added]
        _check_specifications(whole)
        after["AdditionalInferenceSpecifications"] = whole
    if "ModelCard" in after:
        after["ModelCard"] = {**before.get("ModelCard", {}), **after["ModelCard"]}
    return after


def _check_kind(params: Params, versioned: bool) -> None:
    if versioned and params.get("Tags"):
        raise validation("Tags cannot be given for a version of a model package group; tag the group.")
    if versioned and params.get("CertifyForMarketplace"):
        raise validation("CertifyForMarketplace does not apply to a version of a model package group.")
    if not versioned and "ModelApprovalStatus" in params:
        raise validation("ModelApprovalStatus does not apply to a model package without a group.")
    given = [key for key in ("InferenceSpecification", "SourceAlgorithmSpecification") if key in params]
    if not versioned and len(given) != 1:
        raise validation(
            "A model package without a group needs either InferenceSpecification or "
            "SourceAlgorithmSpecification."
        )


def _check_containers(params: Params) -> None:
    containers = params.get("InferenceSpecification", {}).get("Containers", [])
    for at, container in enumerate(containers, start=1):
        if "ModelDataUrl" in container and "ModelDataSource" in container:
            raise validation(
                f"InferenceSpecification.Containers[{at}]: give ModelDataUrl or ModelDataSource, not both."
            )


def _check_specifications(specifications: list[dict[str, Any]]) -> None:
    names = [one["Name"] for one in specifications]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise validation(f"AdditionalInferenceSpecifications must have different names: {', '.join(doubled)}")
    if len(names) > _MOST_SPECIFICATIONS:
        raise validation(
            f"A model package has at most 15 AdditionalInferenceSpecifications, not {len(names)}"
        )
