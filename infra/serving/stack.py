"""The serving stack: an approval deploys the model; a change of the endpoint is verified.

Models and endpoint configurations are made by the deploy function, one of each for a version, and so is the
endpoint: a template knows no version before one is approved. An approval that comes while the endpoint is
changing is noted on it; the verify function follows it when that change has ended.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.images import inference_image
from infra.constructs.instances import ARM_FAMILY, LOCAL_STORAGE_FAMILIES
from infra.constructs.job_role import JobRole
from infra.constructs.key_use import allow_volumes
from infra.data.stack import DataStack
from infra.names import Names
from infra.serving.alarms import AlarmTopic
from infra.serving.event_function import EventFunction
from infra.settings import Settings


class ServingStack(cdk.Stack):
    """The deploy and verify functions, the role of the model, the dead-letter queue and the alarms."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        settings: Settings,
        data: DataStack,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope, construct_id, stack_name=construct_id, env=env, description="Bertline serving"
        )
        self._names, self._settings, self._data = names, settings, data
        self._alarms = AlarmTopic(self, "Alarms", key=data.key, email=settings.operations.alarm_email)
        self._warn_if_nobody_listens()
        self._dead_letters = self._dead_letter_queue()
        self._model_role = self._create_model_role()
        self._deploy_function()
        self._verify_function()
        cdk.CfnOutput(self, "EndpointName", value=names.prefix)
        cdk.CfnOutput(self, "AlarmTopic", value=self._alarms.topic_arn)

    def _warn_if_nobody_listens(self) -> None:
        if self._settings.environment == "prod" and not self._settings.operations.alarm_email:
            cdk.Annotations.of(self._alarms).add_warning_v2(
                "bertline:nobody-hears-the-alarms",
                "nobody hears the alarms of prod: set operations.alarm_email in config/prod.toml, "
                "or subscribe to the topic of the output AlarmTopic",
            )

    def _dead_letter_queue(self) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        self._alarms.alarm_on_any(
            self,
            "DeadLettersWaiting",
            metric=queue.metric_approximate_number_of_messages_visible(period=cdk.Duration.minutes(5)),
            what="Events that no function could handle wait in the dead-letter queue",
        )
        return queue

    def _create_model_role(self) -> JobRole:
        role = JobRole(
            self,
            "ModelRole",
            description=f"Containers of the endpoint {self._names.prefix}",
            key=self._data.key,
            image=inference_image(self._settings.region, self._settings.serving.instance_type),
            log_group=f"/aws/sagemaker/Endpoints/{self._names.prefix}",
            volumes=False,  # the functions that move the endpoint hand over the key
        )
        role.fetch_objects(self._data.artifacts, "executions/*/train/*")
        return role

    def _deploy_function(self) -> None:
        serving, prefix = self._settings.serving, self._names.prefix
        function = self._function(
            "Deploy",
            handler="on_approval",
            description=f"Deploys approved models to {prefix}",
            pattern=_sagemaker_event(
                "SageMaker Model Package State Change",
                {"ModelPackageGroupName": [prefix], "ModelApprovalStatus": ["Approved"]},
            ),
            environment={
                "ENDPOINT_NAME": prefix,
                "MODEL_PACKAGE_GROUP_NAME": prefix,
                "MODEL_ROLE_ARN": self._model_role.role_arn,
                "VOLUME_KEY_ARN": self._data.key.key_arn,
                "INSTANCE_TYPE": serving.instance_type,
                "INSTANCE_COUNT": str(serving.instance_count),
                "LOCAL_STORAGE_FAMILIES": ",".join(LOCAL_STORAGE_FAMILIES),
                "ARM_FAMILY": ARM_FAMILY,
            },
        )
        endpoint, configs = self._arn("endpoint", prefix), self._arn("endpoint-config", f"{prefix}-*")
        models, versions = self._arn("model", f"{prefix}-*"), self._arn("model-package", f"{prefix}/*")
        function.allow("sagemaker:CreateModel", on=[models, versions])
        function.allow("sagemaker:DescribeModel", on=[models])
        function.allow("sagemaker:CreateEndpointConfig", "sagemaker:DescribeEndpointConfig", on=[configs])
        function.allow("sagemaker:CreateEndpoint", on=[endpoint, configs])
        function.allow_to_pass(self._model_role)
        self._allow_to_move_the_endpoint(function)

    def _verify_function(self) -> None:
        prefix = self._names.prefix
        function = self._function(
            "Verify",
            handler="on_endpoint_change",
            description=f"Verifies that {prefix} serves what was deployed, begins what waited",
            pattern=_sagemaker_event("SageMaker Endpoint State Change", {"EndpointName": [prefix]}),
            environment={},
        )
        self._allow_to_move_the_endpoint(function)

    def _allow_to_move_the_endpoint(self, function: EventFunction) -> None:
        """Allow to see and change what the endpoint serves, from versions that are approved."""
        prefix = self._names.prefix
        endpoint, configs = self._arn("endpoint", prefix), self._arn("endpoint-config", f"{prefix}-*")
        function.allow("sagemaker:DescribeModelPackage", on=[self._arn("model-package", f"{prefix}/*")])
        function.allow("sagemaker:UpdateEndpoint", on=[endpoint, configs])
        function.allow("sagemaker:AddTags", "sagemaker:DescribeEndpoint", "sagemaker:ListTags", on=[endpoint])
        allow_volumes(function.principal, self._data.key)

    def _function(
        self,
        construct_id: str,
        *,
        handler: str,
        description: str,
        pattern: events.EventPattern,
        environment: dict[str, str],
    ) -> EventFunction:
        return EventFunction(
            self,
            construct_id,
            handler=handler,
            description=description,
            pattern=pattern,
            environment=environment,
            log_retention_days=self._settings.operations.log_retention_days,
            dead_letters=self._dead_letters,
            alarms=self._alarms,
        )

    def _arn(self, resource: str, name: str) -> str:
        return self.format_arn(service="sagemaker", resource=resource, resource_name=name)


def _sagemaker_event(detail_type: str, detail: dict[str, Any]) -> events.EventPattern:
    return events.EventPattern(source=["aws.sagemaker"], detail_type=[detail_type], detail=detail)
