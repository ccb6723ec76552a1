"""A small platform on a local cloud that enforces permissions, and the policies of its roles as they are."""

import copy
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bertline import experiments, runs, samples, watch
from bertline.platform import Platform
from bertline.target import Target
from tests.e2e import cloud

REVIEWS = 120
QUICK = {"Epochs": "1", "LearningRate": "2e-4", "MinAccuracyValue": "0.0"}
_HASH = 8  # what the CDK puts behind the name of a construct
STACKS = ("training", "serving", "experiments", "data")


@dataclass(frozen=True)
class Grant:
    """One statement of a deployed role.

    Parameters
    ----------
    who
        Stack and construct of the role, for example ``training-PipelineRole``.
    role, policy
        Names of the role, and of the inline policy the statement stands in.
    number
        Its place in the policy.
    statement
        As IAM has it.
    """

    who: str
    role: str
    policy: str
    number: int
    statement: dict[str, Any]

    @property
    def actions(self) -> list[str]:
        """The actions it allows."""
        found = self.statement["Action"]
        return [found] if isinstance(found, str) else list(found)

    @property
    def where(self) -> str:
        """What tells it from other statements with the same actions: the end of its first resource."""
        return shown(self.resources[0]) if "s3:ListBucket" in self.actions else ""

    @property
    def resources(self) -> list[str]:
        """The resources it is for."""
        found = self.statement["Resource"]
        return [found] if isinstance(found, str) else list(found)

    def without(self, part: str | None) -> list[dict[str, Any]]:
        """What is left of the statement: nothing, or all its actions and resources but one."""
        actions = [one for one in self.actions if one != part]
        resources = [one for one in self.resources if one != part]
        if part is None or not actions or not resources:
            return []
        return [{**copy.deepcopy(self.statement), "Action": actions, "Resource": resources}]


@dataclass(frozen=True)
class Failure:
    """What failed, and the reason given for it."""

    step: str
    reason: str


def shown(resource: str) -> str:
    """A resource without partition, place, account and what CloudFormation or the CDK made up."""
    last = re.sub(r"^arn:aws:([a-z0-9]+):[^:]*:\d*:", r"\1:", resource).removeprefix("s3:")
    last = re.sub(r"[0-9a-f]{8}-[0-9a-f]{12,}(?=/|$)", "", last)  # a bucket
    last = re.sub(r"[0-9A-F]{8}-[0-9A-F]{8,}$", "", last)  # a role
    return re.sub(r"/[0-9a-f]{64}", "/<hash>", last)


@dataclass
class World:
    """The platform, the execution whose steps are run again, and what serves."""

    home: Path
    target: Target
    place: Platform
    base: str
    experiment: dict[str, str]
    clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """A client with the account's own keys, one for each service."""
        if service not in self.clients:
            self.clients[service] = self.target.client(service)
        return self.clients[service]

    def log(self) -> str:
        """What the server has logged so far."""
        return (self.home / "server.log").read_text(errors="replace")

    def grants(self) -> list[Grant]:
        """Every statement of every role of the platform."""
        cloudformation, found = self.client("cloudformation"), []
        for stack in STACKS:
            name = f"bertline-dev-{stack}"
            pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
            for one in (item for page in pages for item in page["StackResourceSummaries"]):
                if one["ResourceType"] == "AWS::IAM::Role":
                    who = f"{stack}-{one['LogicalResourceId'][:-_HASH]}"
                    found += self._statements(who, one["PhysicalResourceId"])
        return found

    def versions(self) -> tuple[str, str]:
        """The two oldest versions of the model; what is missing is registered."""
        sagemaker, group = self.client("sagemaker"), self.place.model_package_group
        while True:
            found = sagemaker.list_model_packages(ModelPackageGroupName=group, SortOrder="Ascending")
            arns = [str(one["ModelPackageArn"]) for one in found["ModelPackageSummaryList"]]
            if len(arns) > 1:
                return arns[0], arns[1]
            execution = selected(self, "Register")
            if execution.state != "Succeeded":
                raise RuntimeError(f"a version cannot be registered: {execution.steps}")

    @contextmanager
    def without(self, grant: Grant, part: str | None) -> Iterator[None]:
        """The live policy without a statement, or an action or resource of it; as it was afterwards."""
        iam = self.client("iam")
        where = {"RoleName": grant.role, "PolicyName": grant.policy}
        document = iam.get_role_policy(**where)["PolicyDocument"]
        changed = copy.deepcopy(document)
        changed["Statement"][grant.number : grant.number + 1] = grant.without(part)
        iam.put_role_policy(**where, PolicyDocument=json.dumps(changed))
        try:
            yield
        finally:
            iam.put_role_policy(**where, PolicyDocument=json.dumps(document))

    def _statements(self, who: str, role: str) -> list[Grant]:
        iam, found = self.client("iam"), []
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            found += [Grant(who, role, policy, n, one) for n, one in enumerate(document["Statement"])]
        return found


@contextmanager
def world(home: Path, scratch: Path) -> Iterator[World]:
    """Start a cloud, deploy, run the pipeline once without caching and register a second version."""
    assembly = cloud.synthesise(scratch / "cdk.out")
    with cloud.running(home) as target:
        place = cloud.deployed(home, assembly)
        for name in (place.pipeline, f"{place.pipeline}-experiments"):
            _stop_caching(target, name)
        _stop_retrying(target)
        inputs = cloud.upload_inputs(target, place, scratch / "inputs", REVIEWS)
        base = runs.start(target, place, {**QUICK, **inputs}, "all grants are there")
        execution = watch.wait(target, base)
        if execution.state != "Succeeded":
            raise RuntimeError(f"the pipeline fails with all its grants: {execution.steps}")
        made = World(home, target, place, base, _experiment(target, place))
        made.versions()
        yield made


def selected(made: World, *steps: str, **changed: str | None) -> watch.Execution:
    """Run only these steps again, on what the first execution has made, and wait for the end.

    Parameters
    ----------
    changed
        Parameters of the pipeline that differ from those of the first execution; None is the default.
    """
    return watch.wait(made.target, start_selected(made, *steps, **changed))


def start_selected(made: World, *steps: str, **changed: str | None) -> str:
    """Start only these steps again."""
    sagemaker = made.client("sagemaker")
    given = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=made.base)
    values = {one["Name"]: one["Value"] for one in given["PipelineParameters"]} | changed
    started = sagemaker.start_pipeline_execution(
        PipelineName=made.place.pipeline,
        PipelineParameters=[
            {"Name": name, "Value": value} for name, value in values.items() if value is not None
        ],
        SelectiveExecutionConfig={
            "SourcePipelineExecutionArn": made.base,
            "SelectedSteps": [{"StepName": step} for step in steps],
        },
    )
    return str(started["PipelineExecutionArn"])


def _experiment(target: Target, place: Platform) -> dict[str, str]:
    """The parameters of an experiment that takes seconds."""
    prepared = experiments.newest(target, place)
    contract = cloud.ROOT / "config" / "contracts" / "nyt-editorials.toml"
    sent = experiments.send_candidate(target, place, str(samples.fetch(samples.RATED)), contract)
    asked = {"ExperimentKind": "AddData", "Learner": "tfidf", "Repeats": "1", **sent}
    arn = experiments.start(target, place, prepared, asked)
    found = target.client("sagemaker").list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
    execution = watch.wait(target, arn)
    if execution.state != "Succeeded":
        raise RuntimeError(f"the experiment fails with all its grants: {execution.steps}")
    return {one["Name"]: one["Value"] for one in found["PipelineParameters"]}


def _stop_caching(target: Target, pipeline: str) -> None:
    """Let every step of a pipeline run anew."""
    sagemaker = target.client("sagemaker")
    definition = json.loads(sagemaker.describe_pipeline(PipelineName=pipeline)["PipelineDefinition"])
    for step in _steps(definition["Steps"]):
        step.pop("CacheConfig", None)
    sagemaker.update_pipeline(PipelineName=pipeline, PipelineDefinition=json.dumps(definition))


def _stop_retrying(target: Target) -> None:
    """Let no function try again what failed: it would be in the way of the next trial."""
    functions = target.client("lambda")
    for one in functions.list_functions()["Functions"]:
        functions.put_function_event_invoke_config(FunctionName=one["FunctionName"], MaximumRetryAttempts=0)


def _steps(listed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in listed:
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from _steps((step.get("Arguments") or {}).get(branch, []))
