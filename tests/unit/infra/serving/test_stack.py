"""Approvals reach the deploy function, changes of the endpoint the verify function, failures somebody."""

import ast
from pathlib import Path

import pytest

from tests.unit.infra.synthesis import Assembly, Json, resolve

FUNCTIONS = ["Deploy", "Verify"]


def function(dev: Assembly, name: str) -> Json:
    return dev.only("serving", "AWS::Lambda::Function", name)["Properties"]


def rule(dev: Assembly, name: str) -> Json:
    return dev.only("serving", "AWS::Events::Rule", name)["Properties"]


def test_approvals_of_our_group_are_heard(dev: Assembly) -> None:
    assert rule(dev, "Deploy")["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": ["bertline-dev"], "ModelApprovalStatus": ["Approved"]},
    }


def test_changes_of_our_endpoint_are_heard(dev: Assembly) -> None:
    assert rule(dev, "Verify")["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Endpoint State Change"],
        "detail": {"EndpointName": ["bertline-dev"]},
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_rule_calls_its_function_and_keeps_what_it_cannot_deliver(dev: Assembly, name: str) -> None:
    assert rule(dev, name)["State"] == "ENABLED"
    (target,) = rule(dev, name)["Targets"]
    assert resolve(target["Arn"]) == f"<{name}Function>"
    assert resolve(target["DeadLetterConfig"]["Arn"]) == "<DeadLetters>"
    permissions = dev.resources("serving", "AWS::Lambda::Permission").values()
    allowed = {
        (resolve(one["Properties"]["FunctionName"]), resolve(one["Properties"]["SourceArn"]))
        for one in permissions
    }
    assert (f"<{name}Function>", f"<{name}Rule>") in allowed


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_handler_exists_in_the_published_code(dev: Assembly, name: str) -> None:
    properties = function(dev, name)
    module, _, entry = properties["Handler"].rpartition(".")
    digest = properties["Code"]["S3Key"].removesuffix(".zip")
    code: Path = dev.folder / f"asset.{digest}"
    tree = ast.parse((code / f"{module.replace('.', '/')}.py").read_text())
    assert entry in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {path.suffix for path in code.rglob("*") if path.is_file()} == {".py"}
    assert [path.name for path in code.iterdir()] == ["runtime"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_failures_are_kept_and_reported(dev: Assembly, name: str) -> None:
    assert resolve(function(dev, name)["DeadLetterConfig"]["TargetArn"]) == "<DeadLetters>"
    alarm = dev.only("serving", "AWS::CloudWatch::Alarm", f"{name}Errors")["Properties"]
    assert (alarm["MetricName"], alarm["Threshold"], alarm["TreatMissingData"]) == (
        "Errors",
        1,
        "notBreaching",
    )
    assert resolve(alarm["Dimensions"][0]["Value"]) == f"<{name}Function>"
    assert [resolve(action) for action in alarm["AlarmActions"]] == ["<Alarms>"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_logs_are_kept_as_long_as_the_settings_say(dev: Assembly, prod: Assembly, name: str) -> None:
    for assembly, days in ((dev, 14), (prod, 365)):
        group = assembly.only("serving", "AWS::Logs::LogGroup", f"{name}Log")
        assert group["Properties"]["RetentionInDays"] == days
        assert resolve(function(assembly, name)["LoggingConfig"]["LogGroup"]) == f"<{name}Log>"


def test_waiting_dead_letters_are_reported(dev: Assembly) -> None:
    alarm = dev.only("serving", "AWS::CloudWatch::Alarm", "DeadLettersWaiting")["Properties"]
    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert alarm["Threshold"] == 1
    assert resolve(alarm["AlarmActions"][0]) == "<Alarms>"


def test_dead_letters_are_encrypted_and_taken_over_tls_only(dev: Assembly) -> None:
    assert dev.only("serving", "AWS::SQS::Queue")["Properties"]["SqsManagedSseEnabled"] is True
    policy = dev.only("serving", "AWS::SQS::QueuePolicy")["Properties"]["PolicyDocument"]["Statement"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [
        one["Condition"] for one in policy if one["Effect"] == "Deny"
    ]


def test_the_alarm_topic_is_encrypted_and_open_to_alarms_of_this_account(dev: Assembly) -> None:
    assert resolve(dev.only("serving", "AWS::SNS::Topic")["Properties"]["KmsMasterKeyId"]) == "<Key>"
    policy = dev.only("serving", "AWS::SNS::TopicPolicy")["Properties"]["PolicyDocument"]["Statement"]
    denied = [one for one in policy if one["Effect"] == "Deny"]
    (allowed,) = [one for one in policy if one["Effect"] == "Allow"]
    assert [one["Condition"] for one in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_deploy_function_makes_things_of_this_endpoint_only(dev: Assembly) -> None:
    account = "arn:aws:sagemaker:us-east-1:<AWS::AccountId>"
    allowed: dict[str, set[str]] = {}
    for one in dev.statements("serving", "DeployRole"):
        for action in one["Action"]:
            allowed.setdefault(action, set()).update(one["Resource"])
    endpoint, config = f"{account}:endpoint/bertline-dev", f"{account}:endpoint-config/bertline-dev-*"
    version = f"{account}:model-package/bertline-dev/*"
    assert {action: found for action, found in allowed.items() if action.startswith("sagemaker:")} == {
        "sagemaker:DescribeModelPackage": {version},
        "sagemaker:CreateModel": {f"{account}:model/bertline-dev-*", version},
        "sagemaker:DescribeModel": {f"{account}:model/bertline-dev-*"},
        "sagemaker:CreateEndpointConfig": {config},
        "sagemaker:DescribeEndpointConfig": {config},
        "sagemaker:CreateEndpoint": {endpoint, config},
        "sagemaker:UpdateEndpoint": {endpoint, config},
        "sagemaker:DescribeEndpoint": {endpoint},
        "sagemaker:AddTags": {endpoint},
        "sagemaker:ListTags": {endpoint},
    }


def test_the_deploy_function_passes_the_model_role_to_sagemaker_only(dev: Assembly) -> None:
    (passing,) = [one for one in dev.statements("serving", "DeployRole") if "iam:PassRole" in one["Action"]]
    assert passing["Resource"] == ["<ModelRole>"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_the_verify_function_looks_and_moves_the_endpoint_but_makes_nothing(dev: Assembly) -> None:
    actions = {action for one in dev.statements("serving", "VerifyRole") for action in one["Action"]}
    assert actions == {
        "kms:CreateGrant",
        "kms:DescribeKey",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sagemaker:AddTags",
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeModelPackage",
        "sagemaker:UpdateEndpoint",
        "sagemaker:ListTags",
        "sqs:SendMessage",
    }


def test_the_model_reads_models_and_writes_nothing(dev: Assembly) -> None:
    statements = dev.statements("serving", "ModelRole")
    readable = {r for one in statements if "s3:GetObject" in one["Action"] for r in one["Resource"]}
    assert readable == {"<Artifacts>/executions/*/train/*"}
    assert not [action for one in statements for action in one["Action"] if action == "s3:PutObject"]


@pytest.mark.parametrize(
    ("role", "uses"),
    [
        ("DeployRole", {"kms:CreateGrant", "kms:DescribeKey"}),
        ("VerifyRole", {"kms:CreateGrant", "kms:DescribeKey"}),
        ("ModelRole", {"kms:Decrypt"}),
    ],
)
def test_a_role_uses_the_key_for_its_part_only(dev: Assembly, role: str, uses: set[str]) -> None:
    actions = {action for one in dev.statements("serving", role) for action in one["Action"]}
    assert {action for action in actions if action.startswith("kms:")} == uses


def warnings(assembly: Assembly) -> str:
    return (assembly.folder / "manifest.json").read_text() + "".join(
        path.read_text() for path in assembly.folder.glob("*.metadata.json")
    )


def test_prod_without_a_listener_is_warned_of(dev: Assembly, prod: Assembly) -> None:
    assert "nobody hears the alarms of prod" in warnings(prod)
    assert "nobody hears the alarms" not in warnings(dev)


def test_nothing_of_sagemaker_is_named_in_the_template(dev: Assembly) -> None:
    kinds = {item["Type"] for item in dev.template("serving")["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::SageMaker::")}


def test_the_deploy_function_gets_the_settings(dev: Assembly) -> None:
    variables = function(dev, "Deploy")["Environment"]["Variables"]
    families = variables.pop("LOCAL_STORAGE_FAMILIES").split(",")
    assert {"g5", "m5d"} <= set(families)
    assert variables.pop("ARM_FAMILY").startswith("^")
    assert {key: resolve(value) for key, value in variables.items()} == {
        "ENDPOINT_NAME": "bertline-dev",
        "MODEL_PACKAGE_GROUP_NAME": "bertline-dev",
        "MODEL_ROLE_ARN": "<ModelRole>",
        "VOLUME_KEY_ARN": "<Key>",
        "INSTANCE_TYPE": "ml.m5.large",
        "INSTANCE_COUNT": "1",
    }
