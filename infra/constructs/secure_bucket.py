"""A bucket that is versioned, encrypted, logged and answers TLS requests of this account only."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct


class SecureBucket(s3.Bucket):
    """A bucket for data: encrypted with the customer key, its accesses logged.

    With the removal policy DESTROY the bucket goes with its stack, once it has been emptied: a function that
    empties it would hold the right to delete all data.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        access_logs: s3.IBucket,
        noncurrent_version_days: int,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            versioned=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{construct_id.lower()}/",
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                    noncurrent_version_expiration=cdk.Duration.days(noncurrent_version_days),
                )
            ],
            removal_policy=removal_policy,
        )


class AccessLogBucket(s3.Bucket):
    """The bucket that receives the access logs of the others.

    S3 log delivery cannot write to a bucket encrypted with a customer key, so S3 manages the keys.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, retention_days: int, removal_policy: cdk.RemovalPolicy
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.S3_MANAGED,
            versioned=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                    expiration=cdk.Duration.days(retention_days),
                    noncurrent_version_expiration=cdk.Duration.days(retention_days),
                )
            ],
            removal_policy=removal_policy,
        )
