"""The registry stack: one model package group for all versions of the model."""

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.names import Names


class RegistryStack(cdk.Stack):
    """The model package group. SageMaker deletes no group with versions: empty it or let it be retained."""

    def __init__(
        self, scope: Construct, construct_id: str, *, names: Names, removal: str, env: cdk.Environment
    ) -> None:
        super().__init__(
            scope, construct_id, stack_name=construct_id, env=env, description="Bertline model registry"
        )
        # A change of name or description replaces the group.
        group = sagemaker.CfnModelPackageGroup(
            self,
            "Models",
            model_package_group_name=names.prefix,
            model_package_group_description="Sentiment of reviews: every registered version",
        )
        # Not after a first deployment that failed: the group left behind would have the name of the next one.
        kept = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        group.apply_removal_policy(kept if removal == "retain" else cdk.RemovalPolicy.DESTROY)
        self.group_name = names.prefix
        cdk.CfnOutput(self, "ModelPackageGroupName", value=names.prefix)
