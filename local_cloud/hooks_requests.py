"""What requests of other services need to be granted beyond what the emulator sees in them.

The key of an encrypted object, the right to an ACL, the stream of a log, the namespace of a metric. Each hook
has a contract test of its own.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from local_cloud.marks import is_marked, mark

_STREAM = ":log-stream:"


def keep_bucket_encryption() -> None:
    """Let CloudFormation keep the default encryption of a bucket, which the emulator would drop."""
    from ministack.services import s3
    from ministack.services.cloudformation import provisioners

    known = {entry[0] for entry in provisioners._S3_BUCKET_CONFIGURATIONS}
    if "BucketEncryption" not in known:
        entry = ("BucketEncryption", _encryption_xml, s3._put_bucket_encryption, s3._delete_bucket_encryption)
        provisioners._S3_BUCKET_CONFIGURATIONS = (*provisioners._S3_BUCKET_CONFIGURATIONS, entry)


def judge_what_else_objects_need() -> None:
    """Judge the key of an encrypted object and the right to set an ACL beside the S3 action itself."""
    from ministack.core import iam_actions

    original = iam_actions.s3_additional_checks
    if is_marked(original):
        return

    @functools.wraps(original)
    def checks(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> list[tuple[str, str]]:
        found = list(original(method, path, headers, body, query_params))
        action = iam_actions._s3_action(method, path, query_params) or ""
        bucket, _, key = path.lstrip("/").partition("/")
        if key:
            found += _object_checks(action, method, bucket, key, headers, query_params)
        return found

    mark(checks)
    iam_actions.s3_additional_checks = checks


def name_log_streams() -> None:
    """Judge requests of CloudWatch Logs on ``log-group:<group>:log-stream:<stream>``, or on no stream."""
    from ministack.core import iam_actions

    arn_of, context_of = iam_actions.extract_resource_arn, iam_actions.logs_service_context
    if is_marked(arn_of):
        return

    @functools.wraps(arn_of)
    def extract(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *others: Any
    ) -> str:
        arn = str(arn_of(service, method, path, headers, body, *others))
        if service != "logs" or ":log-group:" not in arn or arn.endswith(":*"):
            return arn
        return f"{arn}{_STREAM}{iam_actions._safe_json_field(body, 'logStreamName')}"

    @functools.wraps(context_of)
    def context(action: str, body: bytes, resource_arn: str, *others: Any) -> Any:
        return context_of(action, body, resource_arn.partition(_STREAM)[0], *others)

    mark(extract)
    iam_actions.extract_resource_arn, iam_actions.logs_service_context = extract, context


def name_metric_namespaces() -> None:
    """Judge PutMetricData with the condition key ``cloudwatch:namespace``."""
    from ministack.core import iam_actions

    original = iam_actions.request_tag_context
    if is_marked(original):
        return

    @functools.wraps(original)
    def context(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        found = dict(original(service, iam_action, body, params))
        namespace = _namespace(body, params) if iam_action == "cloudwatch:PutMetricData" else None
        return {**found, "cloudwatch:namespace": namespace} if namespace else found

    mark(context)
    iam_actions.request_tag_context = context


def _namespace(body: bytes, params: Mapping[str, Any]) -> str | None:
    """The namespace of a PutMetricData as JSON or as a query; the emulator reads no CBOR here either."""
    given = params.get("Namespace")
    if given:
        return str(given[0] if isinstance(given, list) else given)
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document.get("Namespace") if isinstance(document, dict) else None


def _object_checks(
    action: str, method: str, bucket: str, key: str, headers: Mapping[str, str], query: Mapping[str, Any]
) -> list[tuple[str, str]]:
    found = []
    if action in ("GetObject", "GetObjectVersion") and method == "GET":
        found += [("kms:Decrypt", arn) for arn in _key_of_object(bucket, key, query)]
    if action == "PutObject":
        found += [("kms:GenerateDataKey", arn) for arn in _key_of_write(bucket, headers, query)]
        if "uploadId" in query:  # to put the parts together S3 reads them
            found += [("kms:Decrypt", arn) for _, arn in found if arn.startswith("arn:aws:kms:")]
        if headers.get("x-amz-acl"):
            found.append(("s3:PutObjectAcl", f"arn:aws:s3:::{bucket}/{key}"))
    return found


def _key_of_object(bucket: str, key: str, query: Mapping[str, Any]) -> list[str]:
    from ministack.services import s3

    version = (query.get("versionId") or [None])[0]
    held = s3._buckets.get(bucket) or {}
    stored = held.get("objects", {}).get(key)
    if version is not None and (stored or {}).get("version_id") != version:
        versions = s3._object_versions.get((bucket, key), [])
        stored = next((one for one in versions if one.get("version_id") == version), None)
    return _key_arn(s3._stored_sse_headers(stored)) if stored else []


def _key_of_write(bucket: str, headers: Mapping[str, str], query: Mapping[str, Any]) -> list[str]:
    from ministack.services import s3

    if "uploadId" in query:
        upload = s3._multipart_uploads.get((query["uploadId"] or [""])[0]) or {}
        return _key_arn(s3._stored_sse_headers(upload) or s3._bucket_default_sse_headers(bucket))
    if headers.get("x-amz-server-side-encryption"):
        return _key_arn(headers)
    return _key_arn(s3._bucket_default_sse_headers(bucket))


def _key_arn(encryption: Mapping[str, str]) -> list[str]:
    """The ARN of the customer key, if one encrypts; a key that is not there stays as it is named."""
    from ministack.services import kms

    if encryption.get("x-amz-server-side-encryption") != "aws:kms":
        return []
    named = encryption.get("x-amz-server-side-encryption-aws-kms-key-id", "")
    record = kms._resolve_key(named) if named else None
    return [str(record["Arn"]) if record else named] if named else []


def _encryption_xml(properties: Mapping[str, Any]) -> bytes:
    """CloudFormation's BucketEncryption as the body of PutBucketEncryption.

    The emulator has no key `aws/s3`, which AWS manages itself: a bucket that wants it gets S3's own keys.
    """
    from xml.sax.saxutils import escape

    rules = []
    for rule in properties.get("ServerSideEncryptionConfiguration", []):
        default = rule.get("ServerSideEncryptionByDefault") or {}
        algorithm, key = default.get("SSEAlgorithm", "AES256"), str(default.get("KMSMasterKeyID") or "")
        if not key or key.endswith("alias/aws/s3"):
            algorithm, key = "AES256", ""
        inner = f"<SSEAlgorithm>{escape(algorithm)}</SSEAlgorithm>"
        inner += f"<KMSMasterKeyID>{escape(key)}</KMSMasterKeyID>" if key else ""
        bucket_key = str(rule.get("BucketKeyEnabled", False)).lower()
        rules.append(
            f"<Rule><ApplyServerSideEncryptionByDefault>{inner}</ApplyServerSideEncryptionByDefault>"
            f"<BucketKeyEnabled>{bucket_key}</BucketKeyEnabled></Rule>"
        )
    name = "ServerSideEncryptionConfiguration"
    return f'<{name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{"".join(rules)}</{name}>'.encode()
