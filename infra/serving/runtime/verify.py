"""Check that the endpoint serves what the last deployment wanted."""

from enum import StrEnum

from .errors import EndpointFailedError, WrongLiveConfigError
from .sagemaker import SageMaker


class Verdict(StrEnum):
    """What the check found; anything wrong is raised instead."""

    GONE = "gone"
    IN_MOTION = "in motion"
    NOT_OURS = "nothing noted"
    RIGHT = "right"


def verify(endpoint_name: str, sagemaker: SageMaker) -> Verdict:
    """Compare the live configuration with the one noted on the endpoint.

    An endpoint that is still changing is left to the event of its next state.

    Raises
    ------
    EndpointFailedError
        When the endpoint has settled in a state that does not serve.
    WrongLiveConfigError
        When it serves something else, for example after SageMaker rolled an update back.
    """
    endpoint = sagemaker.endpoint(endpoint_name)
    if endpoint is None:
        return Verdict.GONE
    if endpoint.in_motion:
        return Verdict.IN_MOTION
    wanted = sagemaker.wanted_config(endpoint)
    if not endpoint.in_service:
        raise EndpointFailedError(f"endpoint {endpoint_name} is {endpoint.status}; wanted is {wanted}")
    if wanted is None:
        return Verdict.NOT_OURS
    if endpoint.live_config != wanted:
        raise WrongLiveConfigError(
            f"endpoint {endpoint_name} serves {endpoint.live_config}, wanted is {wanted}: "
            "approve the wanted version again or look up why its update was rolled back"
        )
    return Verdict.RIGHT
