"""The role of one job or of the endpoint: what every container needs, and nothing else until granted."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.images import Image
from infra.constructs.key_use import allow_objects, allow_volumes

_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")


class JobRole(iam.Role):
    """A role that SageMaker assumes: pulls one image, writes its log and metrics, reads encrypted objects.

    With `volumes`, SageMaker may also encrypt the volumes of its machines with the customer key.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        key: kms.IKey,
        image: Image,
        log_group: str,
        volumes: bool,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=description,
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
        )
        self._key = key
        stack = cdk.Stack.of(self)
        repository = stack.format_arn(
            service="ecr", account=image.account, resource="repository", resource_name=image.repository
        )
        logs = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=f"{log_group}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self._allow(_PULL, repository)
        self._allow(("ecr:GetAuthorizationToken",), "*")
        self._allow(_LOGS, logs)
        self._allow(
            ("cloudwatch:PutMetricData",),
            "*",
            conditions={"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "aws/sagemaker/*"]}},
        )
        allow_objects(self, key)
        if volumes:
            allow_volumes(self, key)

    def fetch_objects(self, bucket: s3.IBucket, *patterns: str) -> None:
        """Allow to read the objects whose keys match, each by its whole key."""
        self._allow(("s3:GetObject",), *(bucket.arn_for_objects(pattern) for pattern in patterns))

    def read_objects(self, bucket: s3.IBucket, *patterns: str) -> None:
        """Allow to read and list the objects whose keys match, for example `reviews/*`."""
        self.fetch_objects(bucket, *patterns)
        prefixes = sorted({name for pattern in patterns for name in (pattern, pattern.removesuffix("/*"))})
        self._allow(("s3:ListBucket",), bucket.bucket_arn, conditions={"StringLike": {"s3:prefix": prefixes}})

    def write_objects(self, bucket: s3.IBucket, *patterns: str) -> None:
        """Allow to write the objects whose keys match."""
        resources = (bucket.arn_for_objects(pattern) for pattern in patterns)
        self._allow(("s3:PutObject", "s3:AbortMultipartUpload"), *resources)
        allow_objects(self, self._key, write=True)

    def _allow(
        self,
        actions: tuple[str, ...],
        *resources: str,
        conditions: dict[str, dict[str, list[str]]] | None = None,
    ) -> None:
        self.add_to_policy(
            iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
        )
