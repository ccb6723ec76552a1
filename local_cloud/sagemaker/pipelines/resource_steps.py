"""Model, RegisterModel, EndpointConfig and Endpoint steps: a resource is made and described."""

from __future__ import annotations

import threading

from local_cloud.sagemaker import model
from local_cloud.sagemaker.pipelines.clients import RoleClients
from local_cloud.sagemaker.pipelines.errors import StepFailed, StepStopped
from local_cloud.sagemaker.pipelines.work import Json, Result, Work

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_SETTLED = ("InService", "Failed", "OutOfService", "UpdateRollbackFailed")


def create(clients: RoleClients, work: Work) -> Result:
    """Create the Model or EndpointConfig of a step, under a name of its own unless the step gives one."""
    kind = work.step.type
    name = work.arguments.get(f"{kind}Name", work.job_name)
    created = clients.call(f"Create{kind}", {**work.arguments, f"{kind}Name": name})
    described = clients.call(f"Describe{kind}", {f"{kind}Name": name})
    return Result(described, {kind: {"Arn": created[f"{kind}Arn"]}})


def register(clients: RoleClients, work: Work) -> Result:
    """Register a model package, and its group before it when there is none yet."""
    group = work.arguments.get("ModelPackageGroupName")
    if group:
        _ensure_group(clients, {"ModelPackageGroupName": group})
    arn = clients.call("CreateModelPackage", work.arguments)["ModelPackageArn"]
    described = clients.call("DescribeModelPackage", {"ModelPackageName": arn})
    return Result(described, {"RegisterModel": {"Arn": arn}})


def _ensure_group(clients: RoleClients, named: Json) -> None:
    if clients.find("DescribeModelPackageGroup", named) is not None:
        return
    try:
        clients.call("CreateModelPackageGroup", named)
    except StepFailed:
        if clients.find("DescribeModelPackageGroup", named) is None:  # else another step was faster
            raise


def deploy(clients: RoleClients, work: Work) -> Result:
    """Create an endpoint, or update the one of that name, and wait until it is in service.

    Raises
    ------
    StepFailed
        It does not come into service, or has rolled back.
    StepStopped
        The execution is to stop; the endpoint goes its way.
    """
    name = work.arguments.get("EndpointName", work.job_name)
    params = {**work.arguments, "EndpointName": name}
    if clients.find("DescribeEndpoint", {"EndpointName": name}) is None:
        arn = clients.call("CreateEndpoint", params)["EndpointArn"]
    else:
        taken = model.input_members("UpdateEndpoint")
        update = {key: value for key, value in params.items() if key in taken}
        arn = clients.call("UpdateEndpoint", update)["EndpointArn"]
    metadata = {"Endpoint": {"Arn": arn}}
    work.started(metadata)
    described = _settled(clients, name, work.stop)
    status, live = described["EndpointStatus"], described.get("EndpointConfigName")
    if status != "InService":
        raise StepFailed(str(described.get("FailureReason", f"endpoint {name} is {status}")))
    if live != params["EndpointConfigName"]:
        raise StepFailed(f"endpoint {name} has rolled back to {live}")
    return Result(described, metadata)


def _settled(clients: RoleClients, name: str, stop: threading.Event) -> Json:
    pause = _FIRST_PAUSE
    while True:
        described = clients.call("DescribeEndpoint", {"EndpointName": name})
        if described["EndpointStatus"] in _SETTLED:
            return described
        if stop.wait(pause):
            raise StepStopped(f"endpoint {name} is {described['EndpointStatus']}")
        pause = min(pause * 1.5, _LONGEST_PAUSE)
