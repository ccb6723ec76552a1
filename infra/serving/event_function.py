"""A Lambda function that reacts to one kind of event and reports what it could not handle."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.serving.alarms import AlarmTopic

_FOLDER = Path(__file__).resolve().parent
# The package `runtime` of this folder and nothing else.
_ONLY_RUNTIME = ["*", "!runtime", "!runtime/*.py"]


class EventFunction(Construct):
    """A function with its own role, log group, rule and alarm.

    Lambda tries a failed event twice more, over three minutes. What still fails, and what EventBridge cannot
    deliver, goes to the dead-letter queue.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        description: str,
        pattern: events.EventPattern,
        environment: Mapping[str, str],
        log_retention_days: int,
        dead_letters: sqs.IQueue,
        alarms: AlarmTopic,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = self._log_group(log_retention_days)
        role = iam.Role(
            self, "Role", description=description, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        log_group.grant_write(role)
        function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"runtime.handlers.{handler}",
            code=lambda_.Code.from_asset(str(_FOLDER), exclude=_ONLY_RUNTIME, ignore_mode=cdk.IgnoreMode.GIT),
            role=role,
            environment=dict(environment),
            memory_size=256,
            timeout=cdk.Duration.minutes(1),
            log_group=log_group,
            dead_letter_queue=dead_letters,
        )
        events.Rule(
            self,
            "Rule",
            description=description,
            event_pattern=pattern,
            targets=[targets.LambdaFunction(function, dead_letter_queue=dead_letters)],
        )
        alarms.alarm_on_any(
            self,
            "Errors",
            metric=function.metric_errors(period=cdk.Duration.minutes(5)),
            what=f"{description}: failed, see its log group",
        )
        self._role = role

    def _log_group(self, retention_days: int) -> logs.LogGroup:
        group = logs.LogGroup(self, "Log", removal_policy=cdk.RemovalPolicy.DESTROY)
        # The construct wants a name for each period; the resource takes the days.
        cast("logs.CfnLogGroup", group.node.default_child).retention_in_days = retention_days
        return group

    def allow(self, *actions: str, on: list[str]) -> None:
        """Allow the function to do something."""
        self._role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=on))

    def allow_to_pass(self, role: iam.IRole) -> None:
        """Allow the function to hand a role to SageMaker."""
        self._role.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )

    @property
    def principal(self) -> iam.IGrantable:
        """Who the function is."""
        return self._role
