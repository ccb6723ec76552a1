"""Runs steps as jobs, functions, messages and resources of this cloud, as the pipeline's role."""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.pipelines import (
    callbacks,
    faults,
    functions,
    housekeeping,
    job_steps,
    lineage_steps,
    resource_steps,
)
from local_cloud.sagemaker.pipelines.clients import RoleClients
from local_cloud.sagemaker.pipelines.steps import Step
from local_cloud.sagemaker.pipelines.work import Result, Work

_RESOURCES = {
    "Model": resource_steps.create,
    "EndpointConfig": resource_steps.create,
    "RegisterModel": resource_steps.register,
    "Endpoint": resource_steps.deploy,
    "Lineage": lineage_steps.record,
    "Cleanup": housekeeping.clean,
}


class CloudRunner:
    """The step runner of the local cloud.

    Parameters
    ----------
    ctx : Context
        The account and region.
    execution_arn : str
        What the jobs are tagged with; its last part is in every job's name.
    clients : RoleClients
        Clients in sessions of the pipeline's role, which also runs jobs that name no role.
    """

    def __init__(self, ctx: Context, execution_arn: str, clients: RoleClients) -> None:
        self._ctx, self._arn, self._clients = ctx, execution_arn, clients

    def job_name(self, step: Step, name: str) -> str:
        """A new name for what a step makes."""
        job = job_steps.JOBS.get(step.type)
        prefix = step.arguments.get(job.name) if job else None
        return job_steps.job_name(
            self._arn.rpartition("/")[2], name, step.type, prefix if isinstance(prefix, str) else ""
        )

    def run(self, work: Work) -> Result:
        """Run a step to its end."""
        if work.step.type in job_steps.JOBS:
            return job_steps.run(self._ctx, self._clients, self._arn, work)
        if work.step.function:
            return self._invoke(work.step.function, work)
        if work.step.callback:
            return self._call_back(work.step.callback, work)
        if work.step.type == "RegisterModel":
            made_by = {"GeneratedBy": self._arn, **work.arguments.get("MetadataProperties", {})}
            work = replace(work, arguments={**work.arguments, "MetadataProperties": made_by})
        return _RESOURCES[work.step.type](self._clients, work)

    def _invoke(self, function: functions.Function, work: Work) -> Result:
        """Invoke the function. It cannot be stopped: a stop waits for its answer."""
        work.started({"Lambda": {"Arn": function.arn}})
        outputs = functions.invoke(self._clients.get("lambda"), function, work.arguments)
        return Result({"OutputParameters": outputs}, functions.metadata(function, outputs))

    def _call_back(self, callback: callbacks.Callback, work: Work) -> Result:
        call = callbacks.Call(self._ctx, callback, self._arn, work.name)
        client = self._clients.get("sqs")
        work.started(call.metadata({}))
        try:
            outputs = call.ask(client, work.arguments, work.stop)
        except (BotoCoreError, ClientError) as error:
            raise faults.of_call(error, f"sending a message to {callback.queue_url}") from error
        return Result({"OutputParameters": outputs}, call.metadata(outputs))
