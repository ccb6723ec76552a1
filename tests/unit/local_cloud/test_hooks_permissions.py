"""One contract test for each private hook of enforced permissions: it fails when the hook has moved."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local_cloud import hooks_permissions as hooks
from local_cloud import hooks_requests

app = pytest.importorskip("ministack.app")
from ministack.core import iam_actions, iam_evaluator, responses  # noqa: E402
from ministack.services import cloudwatch_logs, iam, kms, s3, sts  # noqa: E402
from ministack.services.cloudformation import provisioners  # noqa: E402

ACCOUNT, REGION = "111122223333", "eu-west-1"
SAGEMAKER = "sagemaker.amazonaws.com"
TRUST = {"Effect": "Allow", "Principal": {"Service": SAGEMAKER}, "Action": "sts:AssumeRole"}
READ = {"Effect": "Allow", "Action": "sagemaker:Describe*", "Resource": "*"}


@pytest.fixture(autouse=True)
def request_scope(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A request of the account; what the hooks replace is as it was afterwards."""
    for owner, name in (
        (app, "pin_request_origin"),
        (iam_evaluator, "enforce"),
        (iam_actions, "s3_additional_checks"),
        (iam_actions, "access_denied_response"),
        (iam_actions, "extract_resource_arn"),
        (iam_actions, "logs_service_context"),
        (iam_actions, "request_tag_context"),
        (provisioners, "_S3_BUCKET_CONFIGURATIONS"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    with responses.request_scope(ACCOUNT, REGION):
        yield


@pytest.fixture
def installed() -> None:
    hooks.install()


@pytest.fixture
def key() -> str:
    made = kms._create_key({"Description": "reviews"})
    return str(json.loads(made[2])["KeyMetadata"]["Arn"])


def make_role(name: str, *statements: dict[str, Any], trust: Any = TRUST) -> str:
    document = {"Version": "2012-10-17", "Statement": [trust] if isinstance(trust, dict) else trust}
    iam._create_role({"RoleName": [name], "AssumeRolePolicyDocument": [json.dumps(document)]})
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam._put_role_policy({"RoleName": [name], "PolicyName": ["own"], "PolicyDocument": [policy]})
    return str(iam._roles.get_scoped(ACCOUNT, None, name)["Arn"])


def bucket(name: str, key_id: str | None = None) -> str:
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_id} if key_id else None
    properties: dict[str, Any] = {"BucketName": name}
    if encryption:
        rule = {"ServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}
        properties["BucketEncryption"] = {"ServerSideEncryptionConfiguration": [rule]}
    hooks_requests.keep_bucket_encryption()
    provisioners._s3_create("Bucket", properties, "stack")
    return name


def test_loopback_counts_as_tls(installed: None) -> None:
    app.pin_request_origin("127.0.0.1", False)
    assert iam_evaluator._request_origin.get() == ("127.0.0.1", True)
    assert "pin_request_origin(" in inspect.getsource(app.app)


def test_hooks_are_installed_once(installed: None) -> None:
    before = (app.pin_request_origin, iam_evaluator.enforce, iam_actions.s3_additional_checks)
    hooks.install()
    assert (app.pin_request_origin, iam_evaluator.enforce, iam_actions.s3_additional_checks) == before


def test_a_bucket_keeps_the_encryption_of_its_template(key: str) -> None:
    bucket("kept", key)
    assert s3._bucket_default_sse_headers("kept") == {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": key,
    }
    provisioners._s3_update("kept", {"BucketEncryption": {}}, {}, "stack")
    assert s3._bucket_default_sse_headers("kept") == {}


def test_a_bucket_that_wants_the_key_of_aws_gets_the_keys_of_s3() -> None:
    bucket("managed", "alias/aws/s3")
    assert s3._bucket_default_sse_headers("managed") == {"x-amz-server-side-encryption": "AES256"}


def test_objects_of_a_key_need_the_key_as_well(installed: None, key: str) -> None:
    bucket("keyed", key)
    s3._put_object("keyed", "one", b"text", {})
    checks = iam_actions.s3_additional_checks
    assert ("kms:GenerateDataKey", key) in checks("PUT", "/keyed/two", {}, b"", {})
    assert checks("GET", "/keyed/one", {}, b"", {}) == [("kms:Decrypt", key)]
    assert checks("HEAD", "/keyed/one", {}, b"", {}) == []
    assert checks("GET", "/keyed/missing", {}, b"", {}) == []
    assert checks("GET", "/keyed", {}, b"", {}) == []


def test_an_object_keeps_the_key_it_was_written_with(installed: None, key: str) -> None:
    bucket("plain")
    named = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": key}
    assert iam_actions.s3_additional_checks("PUT", "/plain/one", named, b"", {}) == [
        ("kms:GenerateDataKey", key)
    ]
    s3._put_object("plain", "one", b"text", named)
    s3._put_object("plain", "two", b"text", {})
    assert iam_actions.s3_additional_checks("GET", "/plain/one", {}, b"", {}) == [("kms:Decrypt", key)]
    assert iam_actions.s3_additional_checks("GET", "/plain/two", {}, b"", {}) == []


def test_the_parts_of_an_upload_need_to_be_read_as_well(installed: None, key: str) -> None:
    bucket("parts", key)
    s3._create_multipart_upload("parts", "one", {})
    (upload,) = [name for name, one in s3._multipart_uploads.items() if one["bucket"] == "parts"]
    asked = {"uploadId": [upload], "partNumber": ["1"]}
    assert iam_actions.s3_additional_checks("PUT", "/parts/one", {}, b"", asked) == [
        ("kms:GenerateDataKey", key),
        ("kms:Decrypt", key),
    ]


def test_an_acl_is_a_right_of_its_own(installed: None) -> None:
    bucket("acls")
    given = {"x-amz-acl": "bucket-owner-full-control"}
    assert iam_actions.s3_additional_checks("PUT", "/acls/one", given, b"", {}) == [
        ("s3:PutObjectAcl", "arn:aws:s3:::acls/one")
    ]


def test_the_use_of_a_key_within_a_request_of_s3_is_judged_by_the_policy_of_the_key(
    installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(iam_evaluator, "_resource_policy", lambda service, arn: asked.append((service, arn)))
    session = hooks.open_session(ACCOUNT, make_role("keys"), "SageMaker", 60)
    for action in ("kms:Decrypt", "s3:GetObject"):
        iam_evaluator.enforce(session["aws_access_key_id"], action, "s3", REGION, resource_arn="arn:aws:x")
    assert asked == [("kms", "arn:aws:x"), ("s3", "arn:aws:x")]


def test_logs_are_judged_by_stream(installed: None) -> None:
    body = json.dumps({"logGroupName": "/jobs", "logStreamName": "one"}).encode()
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/jobs"
    request = ("logs", "POST", "/", {"x-amz-target": "Logs_20140328.PutLogEvents"})
    assert iam_actions.extract_resource_arn(*request, body, {}, REGION, ACCOUNT) == f"{group}:log-stream:one"
    body = json.dumps({"logGroupName": "/jobs"}).encode()
    assert iam_actions.extract_resource_arn(*request, body, {}, REGION, ACCOUNT) == f"{group}:log-stream:"
    assert iam_actions.extract_resource_arn(*request, b"{}", {}, REGION, ACCOUNT) == "*"


def test_tags_of_a_log_group_are_found_by_the_arn_of_a_stream(installed: None) -> None:
    cloudwatch_logs._create_log_group({"logGroupName": "/tagged", "tags": {"team": "a"}})
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/tagged:log-stream:one"
    context = iam_actions.logs_service_context("PutLogEvents", b"{}", arn, REGION, ACCOUNT)
    assert context == {"aws:resourcetag/team": "a"}


@pytest.mark.parametrize(
    ("body", "params"),
    [
        (b'{"Namespace": "mine"}', {}),
        (b"", {"Namespace": ["mine"]}),
    ],
)
def test_metrics_are_judged_by_namespace(installed: None, body: bytes, params: dict[str, Any]) -> None:
    found = iam_actions.request_tag_context("monitoring", "cloudwatch:PutMetricData", body, params)
    assert found == {"cloudwatch:namespace": "mine"}
    other = iam_actions.request_tag_context("monitoring", "cloudwatch:GetMetricData", body, params)
    assert "cloudwatch:namespace" not in other


def test_a_refusal_names_the_resource(installed: None) -> None:
    session = hooks.open_session(ACCOUNT, make_role("unnamed"), "SageMaker", 60)
    who = f"arn:aws:sts::{ACCOUNT}:assumed-role/unnamed/SageMaker"

    def refusal(action: str, resource: str) -> bytes:
        iam_evaluator.enforce(session["aws_access_key_id"], action, "s3", REGION, resource_arn=resource)
        return bytes(iam_actions.access_denied_response("s3", action, who, "1")[2])

    assert (
        f"User: {who} is not authorized to perform: s3:GetObject on resource: "
        '"arn:aws:s3:::b/k" because no identity-based policy allows the s3:GetObject action'
    ) in refusal("s3:GetObject", "arn:aws:s3:::b/k").decode()
    assert b"kms:Decrypt on resource: arn:aws:kms:k because" in refusal("kms:Decrypt", "arn:aws:kms:k")
    assert b"s3:ListAllMyBuckets because" in refusal("s3:ListAllMyBuckets", "*")


def test_a_session_of_a_role_may_what_its_policies_allow() -> None:
    session = hooks.open_session(ACCOUNT, make_role("reader", READ), "SageMaker", 60)
    asked = (ACCOUNT, REGION, session["aws_access_key_id"])
    model = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/one"
    assert hooks.judge_key(*asked, "sagemaker:DescribeModel", model, {}) is None
    assert hooks.judge_key(*asked, "sagemaker:CreateModel", model, {}) == hooks.Refusal(
        "AccessDeniedException",
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/reader/SageMaker is not authorized to perform: "
        f"sagemaker:CreateModel on resource: {model} because no identity-based policy allows the "
        "sagemaker:CreateModel action",
    )


def test_conditions_are_those_of_the_request() -> None:
    passing = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": SAGEMAKER}},
    }
    session = hooks.open_session(ACCOUNT, make_role("passer", passing), "SageMaker", 60)
    asked = (ACCOUNT, REGION, session["aws_access_key_id"], "iam:PassRole", "arn:aws:iam::1:role/r")
    assert hooks.judge_key(*asked, {"iam:PassedToService": SAGEMAKER}) is None
    assert hooks.judge_key(*asked, {"iam:PassedToService": "lambda.amazonaws.com"}) is not None


def test_a_session_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    session = hooks.open_session(ACCOUNT, make_role("brief", READ), "SageMaker", -1)
    refusal = hooks.judge_key(
        ACCOUNT, REGION, session["aws_access_key_id"], "sagemaker:DescribeModel", "*", {}
    )
    assert refusal is not None
    assert refusal.code == "ExpiredTokenException"
    assert session["aws_access_key_id"] in sts._sessions


def test_the_signature_of_a_request_says_who_asks() -> None:
    session = hooks.open_session(ACCOUNT, make_role("asker", READ), "SageMaker", 60)
    scope = f"20260101/{REGION}/sagemaker/aws4_request"

    def asks(key_id: str) -> hooks.Refusal | None:
        headers = {"authorization": f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders=host"}
        return hooks.judge(headers, {}, "sagemaker:DeleteModel", "*", {})

    assert asks(ACCOUNT) is None  # the account's own keys may do everything
    refusal = asks(session["aws_access_key_id"])
    assert refusal is not None
    assert "assumed-role/asker/SageMaker" in refusal.message


@pytest.mark.parametrize(
    ("trust", "trusted"),
    [
        (TRUST, True),
        ({**TRUST, "Principal": {"Service": ["lambda.amazonaws.com", SAGEMAKER]}}, True),
        ({**TRUST, "Principal": {"Service": "lambda.amazonaws.com"}}, False),
        ({**TRUST, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}, False),
        ({**TRUST, "Action": "sts:TagSession"}, False),
        ({**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}, True),
        ({**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}}, False),
        ([TRUST, {**TRUST, "Effect": "Deny"}], False),
    ],
)
def test_a_role_says_which_service_may_assume_it(trust: Any, trusted: bool) -> None:
    name = f"trust-{abs(hash(json.dumps(trust)))}"
    assert hooks.trusts(ACCOUNT, make_role(name, trust=trust), SAGEMAKER) is trusted


def test_a_role_that_is_not_there_is_not_assumed() -> None:
    arn = make_role("there")
    assert hooks.trusts(ACCOUNT, arn, SAGEMAKER)
    assert not hooks.trusts(ACCOUNT, f"{arn}-not", SAGEMAKER)
    assert not hooks.trusts(ACCOUNT, arn.replace(ACCOUNT, "999999999999"), SAGEMAKER)
