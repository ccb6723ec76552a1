"""Bring an approved model package to the endpoint."""

from dataclasses import replace
from enum import StrEnum

from .config import Config
from .errors import EndpointBusyError, EndpointFailedError
from .notes import Approval, Notes
from .plan import Plan, make_plan
from .sagemaker import Endpoint, SageMaker


class Outcome(StrEnum):
    """What a deployment did."""

    CREATED = "created"
    UPDATED = "updated"
    QUEUED = "queued"
    UNDER_WAY = "under way"
    ALREADY_LIVE = "already live"
    SUPERSEDED = "superseded by a newer approval"
    NO_LONGER_APPROVED = "no longer approved"
    NO_APPROVAL = "no approval"


def deploy(approval: Approval, config: Config, sagemaker: SageMaker) -> tuple[Outcome, Plan | None]:
    """Create what the package needs and move the endpoint to it; safe to repeat.

    While the endpoint is changing to something else, what it should serve next is noted on it: the function
    that hears of the end of that change begins this one.

    Raises
    ------
    EndpointBusyError
        When the endpoint is being deleted: try again later.
    EndpointFailedError
        When the endpoint must be deleted before it can be deployed to.
    PackageError
        When the package cannot be deployed.
    """
    package = sagemaker.describe_package(approval.package)
    if package.get("ModelApprovalStatus") != "Approved":
        return Outcome.NO_LONGER_APPROVED, None
    plan = make_plan(package, config)
    endpoint = sagemaker.endpoint(config.endpoint)
    if endpoint is not None:
        known = sagemaker.notes(endpoint).approval
        if known is not None and approval.is_older_than(known):
            return Outcome.SUPERSEDED, plan
    sagemaker.ensure_model(plan, role=config.model_role)
    sagemaker.ensure_endpoint_config(plan)
    notes = Notes(wanted=plan.endpoint_config, attempted=plan.endpoint_config, approval=approval)
    return _move(endpoint, plan.endpoint_config, notes, config, sagemaker), plan


def _move(
    endpoint: Endpoint | None, wanted: str, notes: Notes, config: Config, sagemaker: SageMaker
) -> Outcome:
    if endpoint is not None and endpoint.is_on_the_way_to(wanted):
        sagemaker.note(endpoint, notes)
        return Outcome.UNDER_WAY
    if endpoint is not None and endpoint.in_motion:
        endpoint = _queue(endpoint, notes, sagemaker)
        if endpoint is not None and endpoint.in_motion:
            return Outcome.QUEUED
    if endpoint is None:
        sagemaker.create_endpoint(config.endpoint, wanted, notes)
        return Outcome.CREATED
    return _move_settled(endpoint, wanted, notes, sagemaker)


def _queue(endpoint: Endpoint, notes: Notes, sagemaker: SageMaker) -> Endpoint | None:
    """Note the wish on an endpoint in motion; return its state after that.

    Should the motion have ended in between, then its event may have been handled before the wish was noted.
    """
    if endpoint.status == "Deleting":
        raise EndpointBusyError(f"endpoint {endpoint.name} is being deleted; {notes.wanted} has to wait")
    sagemaker.note(endpoint, replace(notes, attempted=endpoint.target_config))
    return sagemaker.endpoint(endpoint.name)


def _move_settled(endpoint: Endpoint, wanted: str, notes: Notes, sagemaker: SageMaker) -> Outcome:
    if not endpoint.in_service:
        raise EndpointFailedError(
            f"endpoint {endpoint.name} is {endpoint.status}: delete it, then approve the version for "
            f"{wanted} again"
        )
    sagemaker.note(endpoint, notes)
    if endpoint.live_config == wanted:
        return Outcome.ALREADY_LIVE
    sagemaker.update_endpoint(endpoint, wanted)
    return Outcome.UPDATED
