"""What a role may do with the customer key: read or write objects, or have the service encrypt volumes."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms


def allow_objects(role: iam.IGrantable, key: kms.IKey, *, write: bool = False) -> None:
    """Allow to read objects that are encrypted with the key and, if asked, to write such objects.

    SageMaker wants `kms:Encrypt` of the role of a job whose output it is to encrypt (API reference,
    OutputDataConfig); S3 itself takes data keys.
    """
    actions = ["kms:Decrypt", *(("kms:Encrypt", "kms:GenerateDataKey") if write else ())]
    _allow(role, key, actions)


def allow_data_keys(role: iam.IGrantable, key: kms.IKey) -> None:
    """Allow to write encrypted objects and never to read one (API reference, OfflineStoreConfig)."""
    _allow(role, key, ["kms:GenerateDataKey"])


def allow_volumes(role: iam.IGrantable, key: kms.IKey) -> None:
    """Allow to hand the key to SageMaker, for the volumes of a job or of an endpoint, and nothing else.

    For a job its role must have it, or else who starts the job; for an endpoint, who creates or updates it
    (SageMaker API permissions reference).
    """
    _allow(role, key, ["kms:DescribeKey"])
    _allow(role, key, ["kms:CreateGrant"], {"Bool": {"kms:GrantIsForAWSResource": "true"}})


def _allow(
    role: iam.IGrantable,
    key: kms.IKey,
    actions: list[str],
    conditions: dict[str, dict[str, str]] | None = None,
) -> None:
    role.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(actions=actions, resources=[key.key_arn], conditions=conditions)
    )
