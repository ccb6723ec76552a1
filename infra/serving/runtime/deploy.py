"""Bring an approved model package to the endpoint."""

from enum import StrEnum

from .config import Config
from .errors import EndpointBusyError, EndpointFailedError
from .plan import Plan, make_plan
from .sagemaker import Endpoint, SageMaker


class Outcome(StrEnum):
    """What a deployment did."""

    CREATED = "created"
    UPDATED = "updated"
    UNDER_WAY = "under way"
    ALREADY_LIVE = "already live"
    NO_LONGER_APPROVED = "no longer approved"


def deploy(package_arn: str, config: Config, sagemaker: SageMaker) -> tuple[Outcome, Plan | None]:
    """Create what the package needs and move the endpoint to it; safe to repeat.

    Raises
    ------
    EndpointBusyError
        When the endpoint is changing to something else: try again later.
    EndpointFailedError
        When the endpoint must be deleted before it can be deployed to.
    PackageError
        When the package cannot be deployed.
    """
    package = sagemaker.describe_package(package_arn)
    if package.get("ModelApprovalStatus") != "Approved":
        return Outcome.NO_LONGER_APPROVED, None
    plan = make_plan(package, config)
    sagemaker.ensure_model(plan, role=config.model_role)
    sagemaker.ensure_endpoint_config(plan)
    return _move(sagemaker.endpoint(config.endpoint), plan, config, sagemaker), plan


def _move(endpoint: Endpoint | None, plan: Plan, config: Config, sagemaker: SageMaker) -> Outcome:
    wanted = plan.endpoint_config
    if endpoint is None:
        sagemaker.create_endpoint(config.endpoint, wanted)
        return Outcome.CREATED
    if endpoint.status in {"Creating", "Updating"} and endpoint.target_config == wanted:
        return Outcome.UNDER_WAY
    if endpoint.in_motion:
        raise EndpointBusyError(
            f"endpoint {endpoint.name} is {endpoint.status} to {endpoint.target_config}; {wanted} has to wait"
        )
    if not endpoint.in_service:
        raise EndpointFailedError(
            f"endpoint {endpoint.name} is {endpoint.status}: delete it, then approve {plan.package} again"
        )
    sagemaker.note_wanted_config(endpoint, wanted)
    if endpoint.live_config == wanted:
        return Outcome.ALREADY_LIVE
    sagemaker.update_endpoint(endpoint, wanted)
    return Outcome.UPDATED
