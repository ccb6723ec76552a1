"""Check that a settled endpoint serves what it should; begin a change that had to wait."""

from enum import StrEnum

from .errors import EndpointFailedError, WrongLiveConfigError
from .notes import Approval
from .sagemaker import SageMaker


class Verdict(StrEnum):
    """What the check found; anything wrong is raised instead."""

    GONE = "gone"
    IN_MOTION = "in motion"
    NOT_OURS = "nothing noted"
    RIGHT = "right"
    CONVERGING = "converging"
    WITHDRAWN = "what waited is no longer approved"


def verify(endpoint_name: str, sagemaker: SageMaker) -> Verdict:
    """Compare the live configuration with the wanted one; move there if nobody has tried to yet.

    An endpoint that is still changing is left to the event of its next state. A change is tried once: when
    SageMaker rolled it back, trying it again would only repeat that.

    Raises
    ------
    EndpointFailedError
        When the endpoint has settled in a state that does not serve.
    WrongLiveConfigError
        When it serves something else although the wanted configuration was tried.
    """
    endpoint = sagemaker.endpoint(endpoint_name)
    if endpoint is None:
        return Verdict.GONE
    if endpoint.in_motion:
        return Verdict.IN_MOTION
    notes = sagemaker.notes(endpoint)
    if not endpoint.in_service:
        raise EndpointFailedError(f"endpoint {endpoint_name} is {endpoint.status}; wanted is {notes.wanted}")
    if notes.wanted is None:
        return Verdict.NOT_OURS
    if endpoint.live_config == notes.wanted:
        return Verdict.RIGHT
    if notes.attempted == notes.wanted:
        raise WrongLiveConfigError(
            f"endpoint {endpoint_name} serves {endpoint.live_config}, wanted is {notes.wanted}: "
            "approve the wanted version again or look up why its update was rolled back"
        )
    if not _still_approved(notes.approval, sagemaker):
        return Verdict.WITHDRAWN
    sagemaker.update_endpoint(endpoint, notes.wanted)
    return Verdict.CONVERGING


def _still_approved(approval: Approval | None, sagemaker: SageMaker) -> bool:
    if approval is None:
        return True
    return sagemaker.describe_package(approval.package).get("ModelApprovalStatus") == "Approved"
