"""The trials of what serves: the deploy and verify functions, the endpoint and the role of its model."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from bench.grants_world import Failure, Grant, World
from bertline import approval

PATIENCE = 90.0


def serving(world: World, grant: Grant, part: str | None) -> Failure | None:
    """Deploy a version, approve another while the endpoint comes up, and go back to the first."""
    delete_endpoint(world)
    if part == "logs:CreateLogGroup":
        forget_log_groups(world)
    since = int(time.time() * 1000)
    older, newer = world.versions()
    approval.approve(world.target, older, "a trial")
    failure = _wait_for(world, since, lambda: _state(world) is not None)
    if failure is None:
        approval.approve(world.target, newer, "a trial")
        failure = _wait_for(world, since, lambda: _serves(world, newer))
    if failure is None:
        approval.approve(world.target, older, "a trial")
        failure = _wait_for(world, since, lambda: _serves(world, older))
    return failure


def forget_log_groups(world: World) -> None:
    logs = world.client("logs")
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/")["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])


def _state(world: World) -> str | None:
    try:
        found = world.client("sagemaker").describe_endpoint(EndpointName=world.place.endpoint)
    except ClientError:
        return None
    return str(found["EndpointStatus"])


def _serves(world: World, package: str) -> bool:
    state, found = approval.served(world.client("sagemaker"), world.place.endpoint)
    return state == "InService" and found == package


def serve(world: World) -> None:
    """Have the first version served, unless one is."""
    if _state(world) == "InService":
        return
    delete_endpoint(world)
    since = int(time.time() * 1000)
    package, _ = world.versions()
    approval.approve(world.target, package, "to be asked about")
    failure = _wait_for(world, since, lambda: _serves(world, package))
    if failure is not None:
        raise RuntimeError(f"the endpoint does not come up: {failure}")


def _wait_for(world: World, since: int, good: Callable[[], bool]) -> Failure | None:
    """Wait until it is good, or a function says that it may not, or the endpoint has failed."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        failure = _refused_function(world, since) or _failed_endpoint(world)
        if failure is not None:
            return failure
        if good():
            return None
        time.sleep(0.1)
    return Failure("the endpoint", "it does not serve what was approved")


def _refused_function(world: World, since: int) -> Failure | None:
    logs = world.client("logs")
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/cloudformation/")["logGroups"]:
        name = group["logGroupName"]
        found = logs.filter_log_events(
            logGroupName=name, startTime=since, filterPattern='"is not authorized to perform"'
        )["events"]
        if found:
            return Failure("Deploy" if "Deploy" in name else "Verify", found[0]["message"])
    return None


def _failed_endpoint(world: World) -> Failure | None:
    if _state(world) not in ("Failed", "UpdateRollbackFailed"):
        return None
    found = world.client("sagemaker").describe_endpoint(EndpointName=world.place.endpoint)
    return Failure("the endpoint", str(found.get("FailureReason")))


def delete_endpoint(world: World) -> None:
    """Delete the endpoint with its configurations and models, once it has settled."""
    sagemaker, name = world.client("sagemaker"), world.place.endpoint
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        state = _state(world)
        if state is None:
            _delete_what_it_served(sagemaker, f"{name}-")
            if _state(world) is None:  # a function may have made one meanwhile
                return
            continue
        if state in ("InService", "Failed", "UpdateRollbackFailed", "OutOfService"):
            sagemaker.delete_endpoint(EndpointName=name)
        time.sleep(0.1)
    raise RuntimeError(f"the endpoint {name} cannot be deleted: it is {_state(world)}")


def _delete_what_it_served(sagemaker: Any, prefix: str) -> None:
    for one in sagemaker.list_endpoint_configs(NameContains=prefix)["EndpointConfigs"]:
        sagemaker.delete_endpoint_config(EndpointConfigName=one["EndpointConfigName"])
    for one in sagemaker.list_models(NameContains=prefix)["Models"]:
        sagemaker.delete_model(ModelName=one["ModelName"])
