"""The feature group of the reviews: online and offline, both encrypted with the customer key."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.constructs.key_use import allow_data_keys
from infra.data.features import EVENT_TIME, FEATURES, RECORD_IDENTIFIER

OFFLINE_PREFIX = "feature-store"
# Not after a first deployment that failed: what it left behind would have the name of the next one's group.
_KEPT = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE


class ReviewFeatures(Construct):
    """The feature group and the role that copies its records to the offline store.

    A change of name, role, store, description or tags replaces a feature group and loses its records. So it
    has no description, takes no part in the app's tags, and is retained.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, bucket: s3.IBucket, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        role = self._offline_role(bucket, key)
        self.group = sagemaker.CfnFeatureGroup(
            self,
            "Group",
            feature_group_name=name,
            record_identifier_feature_name=RECORD_IDENTIFIER,
            event_time_feature_name=EVENT_TIME,
            feature_definitions=[
                sagemaker.CfnFeatureGroup.FeatureDefinitionProperty(feature_name=feature, feature_type=kind)
                for feature, kind in FEATURES.items()
            ],
            # CloudFormation takes these two as they are, so their keys have its spelling.
            online_store_config={
                "EnableOnlineStore": True,
                "SecurityConfig": {"KmsKeyId": key.key_arn},
            },
            offline_store_config={
                "S3StorageConfig": {
                    "S3Uri": bucket.s3_url_for_object(OFFLINE_PREFIX),
                    "KmsKeyId": key.key_arn,
                }
            },
            role_arn=role.role_arn,
        )
        self.group.apply_removal_policy(_KEPT)
        self.group.node.add_dependency(role)

    def _offline_role(self, bucket: s3.IBucket, key: kms.IKey) -> iam.Role:
        role = iam.Role(
            self,
            "OfflineStoreRole",
            description="Feature Store writes the offline records of the reviews",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:PutObject", "s3:PutObjectAcl"],
                resources=[bucket.arn_for_objects(f"{OFFLINE_PREFIX}/*")],
            )
        )
        role.add_to_policy(iam.PolicyStatement(actions=["s3:GetBucketAcl"], resources=[bucket.bucket_arn]))
        allow_data_keys(role, key)
        # A retained group goes on writing offline records with this role.
        cdk.RemovalPolicies.of(role).apply(_KEPT)
        return role
