"""The data stack: customer key, buckets and feature group."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.secure_bucket import AccessLogBucket, SecureBucket
from infra.data.feature_group import ReviewFeatures
from infra.names import Names
from infra.settings import Operations


class DataStack(cdk.Stack):
    """What holds state: everything else can be deleted and deployed again."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        operations: Operations,
        env: cdk.Environment,
    ) -> None:
        super().__init__(scope, construct_id, stack_name=construct_id, env=env, description="Bertline data")
        self.key = self._customer_key(names)
        self._removal = cdk.RemovalPolicy(operations.removal.upper())
        self._operations = operations
        self._access_logs = AccessLogBucket(
            self, "AccessLogs", retention_days=operations.access_log_days, removal_policy=self._removal
        )
        self.raw = self._bucket("Raw")
        self.artifacts = self._bucket("Artifacts")
        self.feature_group_name = names.feature_group
        ReviewFeatures(self, "ReviewFeatures", name=names.feature_group, bucket=self.artifacts, key=self.key)
        cdk.CfnOutput(self, "RawBucket", value=self.raw.bucket_name)
        cdk.CfnOutput(self, "ArtifactBucket", value=self.artifacts.bucket_name)
        cdk.CfnOutput(self, "FeatureGroupName", value=self.feature_group_name)

    def _bucket(self, construct_id: str) -> s3.Bucket:
        return SecureBucket(
            self,
            construct_id,
            key=self.key,
            access_logs=self._access_logs,
            noncurrent_version_days=self._operations.noncurrent_version_days,
            removal_policy=self._removal,
        )

    def _customer_key(self, names: Names) -> kms.Key:
        """Create the key; it outlives its stack, for without it the retained features could not be read."""
        key = kms.Key(
            self,
            "Key",
            alias=names.prefix,
            description=f"Data, models and messages of {names.prefix}",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        # Alarms publish to the encrypted topic of the serving stack.
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        return key
