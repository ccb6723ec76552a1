"""Invocations, executions of a pipeline and stacks that go on while the benchmark kills."""

import json
import threading
from typing import Any

from botocore.exceptions import ClientError

from bench.kills_work import Gate, Work
from bench.kills_world import ENDPOINT, PIPELINE, World, until

ENDED = {"Succeeded", "Failed", "Stopped"}


class Invocations(Work):
    """Asks the endpoint."""

    def piece(self) -> None:
        """Invoke it."""
        answer = self.world.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=ENDPOINT, Body=b"ask", ContentType="text/plain", Accept="text/plain"
        )
        if answer["Body"].read() != b"ask":
            self.errors["another answer"] += 1

    def check(self) -> list[str]:
        """Ask until it answers."""
        if until(self.world.answers, 60.0):
            return []
        told = self.world.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
        return [f"the endpoint does not answer: {told['EndpointStatus']}, {told.get('FailureReason')}"]


class Executions(Work):
    """Runs a pipeline of three jobs, one execution after the other."""

    def __init__(self, world: World, gate: Gate, seed: int) -> None:
        super().__init__(world, gate, seed)
        self.known: list[str] = []
        self._checked = 0

    def piece(self) -> None:
        """Start an execution unless one runs."""
        sagemaker = self.world.client("sagemaker")
        if self.known and self._status(self.known[-1]) not in ENDED:
            threading.Event().wait(0.05)
            return
        token = f"{self.chance.randrange(2**128):032x}"
        started = sagemaker.start_pipeline_execution(PipelineName=PIPELINE, ClientRequestToken=token)
        self.known.append(started["PipelineExecutionArn"])

    def check(self) -> list[str]:
        """All that ran has ended, and no job runs: nobody has started anything since."""
        listed = self.world.client("sagemaker").list_processing_jobs(StatusEquals="InProgress")
        wrong = [f"job {one['ProcessingJobName']} still runs" for one in listed["ProcessingJobSummaries"]]
        since, self._checked = self._checked, len(self.known)
        return wrong + [text for arn in self.known[max(0, since - 1) :] for text in self._faults(arn)]

    def check_all(self) -> list[str]:
        """Wait for the last one, and look at all of them."""
        until(lambda: not self.known or self._status(self.known[-1]) in ENDED, 60.0)
        self._checked = 0
        return self.check()

    def _status(self, arn: str) -> str:
        described = self.world.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
        return str(described["PipelineExecutionStatus"])

    def _faults(self, arn: str) -> list[str]:
        sagemaker = self.world.client("sagemaker")
        told = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
        status, states = told["PipelineExecutionStatus"], [step["StepStatus"] for step in steps]
        name = arn.rpartition("/")[2]
        if status not in ENDED:
            return [f"execution {name} is {status} though nothing runs"]
        wrong = [f"a step of {name} is {state} though it has ended" for state in states if state not in ENDED]
        if status == "Succeeded" and states != ["Succeeded"] * 3:
            wrong.append(f"execution {name} is Succeeded with steps {states}")
        if status == "Failed" and not told.get("FailureReason"):
            wrong.append(f"execution {name} is Failed without a reason")
        return wrong + [text for step in steps for text in self._job_faults(step)]

    def _job_faults(self, step: dict[str, Any]) -> list[str]:
        arn = step.get("Metadata", {}).get("ProcessingJob", {}).get("Arn")
        if arn is None:
            return []
        name = arn.rpartition("/")[2]
        told = self.world.client("sagemaker").describe_processing_job(ProcessingJobName=name)
        wanted = "Completed" if step["StepStatus"] == "Succeeded" else "Failed"
        status = told["ProcessingJobStatus"]
        # A job may have ended well and its step not have heard of it before the server died.
        if status == wanted or (wanted == "Failed" and status == "Completed"):
            return []
        return [f"job {name} is {status}, its step {step['StepStatus']}"]


class Stacks(Work):
    """Creates stacks and deletes them."""

    def __init__(self, world: World, gate: Gate, seed: int) -> None:
        super().__init__(world, gate, seed)
        self._complete: list[str] = []
        self._number = 0

    def piece(self) -> None:
        """Create a stack, wait for it, and delete the oldest of four."""
        self._number += 1
        name = f"kept-{self._number}"
        cloudformation = self.world.client("cloudformation")
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(_template(name)))
        until(lambda: not self._status(name).endswith("_IN_PROGRESS"), 20.0)
        if self._status(name) != "CREATE_COMPLETE":
            self.errors[f"stack {self._status(name)}"] += 1
            return
        self._complete.append(name)
        if len(self._complete) > 3:
            cloudformation.delete_stack(StackName=self._complete.pop(0))

    def check(self) -> list[str]:
        """Every stack that was complete is, with all it has made; one that was cut off is rolled back."""
        until(lambda: not any(state.endswith("_IN_PROGRESS") for state in self._states().values()), 30.0)
        states = self._states()
        ended = ("CREATE_COMPLETE", "ROLLBACK_COMPLETE")
        wrong = [f"stack {name} is {state}" for name, state in states.items() if state not in ended]
        for name in self._complete:
            if states.get(name) != "CREATE_COMPLETE":
                wrong.append(f"stack {name} is {states.get(name)}, not complete")
            wrong += self._missing(name)
        return wrong

    def _missing(self, name: str) -> list[str]:
        try:
            self.world.client("s3").head_bucket(Bucket=name)
            self.world.client("ssm").get_parameter(Name=f"/{name}")
            self.world.client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)
        except ClientError as error:
            return [f"stack {name} lacks a resource: {error}"]
        return []

    def _states(self) -> dict[str, str]:
        described = self.world.client("cloudformation").describe_stacks()["Stacks"]
        return {stack["StackName"]: stack["StackStatus"] for stack in described}

    def _status(self, name: str) -> str:
        stacks = self.world.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return str(stacks[0]["StackStatus"])


def _template(name: str) -> dict[str, Any]:
    group = {"ModelPackageGroupName": name, "ModelPackageGroupDescription": {"Ref": "Bucket"}}
    parameter = {"Name": f"/{name}", "Type": "String", "Value": {"Ref": "Group"}}
    return {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}},
            "Group": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": group},
            "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": parameter},
        }
    }
