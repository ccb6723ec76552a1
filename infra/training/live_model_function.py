"""The function of the step LiveModel, which may look at one endpoint and one registry and nothing else."""

from pathlib import Path
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.names import Names

_FOLDER = Path(__file__).resolve().parent
# The package `runtime` of this folder and nothing else.
_ONLY_RUNTIME = ["*", "!runtime", "!runtime/*.py"]


class LiveModelFunction(Construct):
    """A function with its own role and log group; the pipeline invokes it and waits for the answer."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        model_package_group: str,
        log_retention_days: int,
    ) -> None:
        super().__init__(scope, construct_id)
        description = f"Finds the live model of {names.prefix} for its pipeline"
        log_group = self._log_group(log_retention_days)
        self._role = iam.Role(
            self, "Role", description=description, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        log_group.grant_write(self._role)
        self._allow_to_look(names.prefix, model_package_group)
        function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler="runtime.handlers.on_live_model",
            code=lambda_.Code.from_asset(str(_FOLDER), exclude=_ONLY_RUNTIME, ignore_mode=cdk.IgnoreMode.GIT),
            role=self._role,
            environment={"ENDPOINT_NAME": names.prefix, "MODEL_PACKAGE_GROUP_NAME": model_package_group},
            memory_size=256,
            timeout=cdk.Duration.minutes(1),
            log_group=log_group,
        )
        self.function_arn = function.function_arn

    def _log_group(self, retention_days: int) -> logs.LogGroup:
        group = logs.LogGroup(self, "Log", removal_policy=cdk.RemovalPolicy.DESTROY)
        # The construct wants a name for each period; the resource takes the days.
        cast("logs.CfnLogGroup", group.node.default_child).retention_in_days = retention_days
        return group

    def _allow_to_look(self, prefix: str, group: str) -> None:
        versions = self._arn("model-package", f"{group}/*")
        self._allow("sagemaker:DescribeEndpoint", self._arn("endpoint", prefix))
        # The deploy function completes the names of models and configurations.
        self._allow("sagemaker:DescribeEndpointConfig", self._arn("endpoint-config", f"{prefix}-*"))
        self._allow("sagemaker:DescribeModel", self._arn("model", f"{prefix}-*"))
        self._allow("sagemaker:DescribeModelPackage", versions)
        # AWS's references disagree on which of the two it is checked against.
        self._allow("sagemaker:ListModelPackages", self._arn("model-package-group", group), versions)

    def _arn(self, resource: str, name: str) -> str:
        return cdk.Stack.of(self).format_arn(service="sagemaker", resource=resource, resource_name=name)

    def _allow(self, action: str, *resources: str) -> None:
        self._role.add_to_policy(iam.PolicyStatement(actions=[action], resources=list(resources)))
