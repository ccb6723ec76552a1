"""Each role may do what its step needs and nothing else."""

from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.unit.infra.synthesis import COMPONENTS, Assembly, Json, listed
from tests.unit.infra.training.pipeline import given, step

JOBS = ["Validate", "Prepare", "Baselines", "Train", "Evaluate"]
EVERY_JOB = {
    "cloudwatch:PutMetricData",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "s3:AbortMultipartUpload",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
}
VOLUMES = {"kms:CreateGrant", "kms:DescribeKey"}
FEATURE_STORE = {
    "sagemaker:BatchGetRecord",
    "sagemaker:BatchWriteRecord",
    "sagemaker:DescribeFeatureGroup",
    "sagemaker:PutRecord",
}
WRITES = {
    "Validate": {"<Artifacts>/executions/*/validate/*", "<Artifacts>/datasets/*"},
    "Prepare": {"<Artifacts>/executions/*/prepare/*", "<Artifacts>/features*", "<Artifacts>/datasets/*"},
    "Baselines": {"<Artifacts>/executions/*/baselines/*"},
    "Train": {"<Artifacts>/executions/*/train/*"},
    "Evaluate": {"<Artifacts>/executions/*/evaluate/*"},
}


def statements(dev: Assembly, job: str) -> list[Json]:
    return dev.statements("training", f"JobRoles{job}")


def actions(found: list[Json]) -> set[str]:
    assert all(one["Effect"] == "Allow" for one in found)
    return {action for one in found for action in one["Action"]}


def resources(found: list[Json], action: str) -> set[str]:
    """Resources of an action, ARNs of objects without their beginning."""
    return {
        r.removeprefix("arn:aws:s3:::") for one in found if action in one["Action"] for r in one["Resource"]
    }


@pytest.mark.parametrize("job", JOBS)
def test_a_job_has_its_actions_and_no_other(dev: Assembly, job: str) -> None:
    own = FEATURE_STORE if job == "Prepare" else set()
    # The disks of the GPU machines of Train take no key.
    volumes = set() if job == "Train" else VOLUMES
    assert actions(statements(dev, job)) == EVERY_JOB | own | volumes


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_key_is_granted_to_services_only(dev: Assembly, component: str) -> None:
    for name, policy in dev.resources(component, "AWS::IAM::Policy").items():
        for one in policy["Properties"]["PolicyDocument"]["Statement"]:
            if "kms:CreateGrant" in listed(one["Action"]):
                assert one["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}, name


@pytest.mark.parametrize("job", JOBS)
def test_of_the_shared_asset_bucket_a_job_reads_what_it_is_given_only(dev: Assembly, job: str) -> None:
    bucket = "cdk-hnb659fds-assets-<AWS::AccountId>-us-east-1"
    readable = {r for r in resources(statements(dev, job), "s3:GetObject") if r.startswith(bucket)}
    files = dev.definition()
    code = step(files, "Train")["Arguments"]["HyperParameters"]["sagemaker_submit_directory"].strip('"')
    (contract,) = [one["DefaultValue"] for one in files["Parameters"] if one["Name"] == "ContractUri"]
    prices = set(input_uris(step(files, "Evaluate")["Arguments"], "prices")) if job == "Evaluate" else set()
    assert readable == {code.removeprefix("s3://"), contract.removeprefix("s3://"), *prices}
    assert len(readable) == (3 if job == "Evaluate" else 2)
    assert not [r for r in readable if "*" in r]


@pytest.mark.parametrize("job", JOBS)
def test_a_job_writes_below_its_own_prefix_only(dev: Assembly, job: str) -> None:
    assert resources(statements(dev, job), "s3:PutObject") == WRITES[job]


def test_only_prepare_writes_features_and_only_of_this_environment(dev: Assembly) -> None:
    for action in FEATURE_STORE:
        (group,) = resources(statements(dev, "Prepare"), action)
        assert group == "arn:aws:sagemaker:us-east-1:<AWS::AccountId>:feature-group/bertline-dev-*"


OFFLINE = "<Artifacts>/feature-store/123/sagemaker/us-east-1/offline-store/bertline-dev-reviews-1/data"


def test_prepare_reads_and_lists_the_offline_store_and_writes_nothing_there(dev: Assembly) -> None:
    found = statements(dev, "Prepare")
    assert matches(resources(found, "s3:GetObject"), f"{OFFLINE}/year=2026/a.parquet")
    assert listable(found, f"{OFFLINE}/")
    assert not matches(resources(found, "s3:PutObject"), f"{OFFLINE}/year=2026/a.parquet")


@pytest.mark.parametrize("job", [job for job in JOBS if job != "Prepare"])
def test_the_offline_store_is_for_prepare_only(dev: Assembly, job: str) -> None:
    found = statements(dev, job)
    assert not matches(resources(found, "s3:GetObject"), f"{OFFLINE}/year=2026/a.parquet")
    assert not listable(found, f"{OFFLINE}/")


@pytest.mark.parametrize("job", [job for job in JOBS if job != "Validate"])
def test_raw_reviews_are_for_validate_only(dev: Assembly, job: str) -> None:
    readable = resources(statements(dev, job), "s3:GetObject")
    assert not any(fnmatchcase("<Raw>/reviews/x", pattern) for pattern in readable)
    assert any(
        fnmatchcase("<Raw>/reviews/x", p) for p in resources(statements(dev, "Validate"), "s3:GetObject")
    )


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("live", [None, "s3://<Artifacts>/executions/old/train/job/output/model.tar.gz"])
def test_a_job_can_read_its_inputs_and_write_its_outputs(dev: Assembly, job: str, live: str | None) -> None:
    arguments = step(given(dev.definition(), {}, live=live), job)["Arguments"]
    found = statements(dev, job)
    assert arguments["RoleArn"] == f"<JobRoles{job}>"
    for uri in input_uris(arguments):
        assert matches(resources(found, "s3:GetObject"), f"{uri.rstrip('/')}/object", uri), uri
        assert listable(found, uri), uri
    for uri in output_uris(arguments):
        assert matches(resources(found, "s3:PutObject"), f"{uri}/object"), uri


def input_uris(arguments: Json, only: str = "") -> list[str]:
    sources = arguments.get("ProcessingInputs", [])
    inputs = [one["S3Input"]["S3Uri"] for one in sources if only in ("", one["InputName"])]
    channels = [one["DataSource"]["S3DataSource"]["S3Uri"] for one in arguments.get("InputDataConfig", [])]
    return [uri.removeprefix("s3://") for uri in inputs + channels]


def output_uris(arguments: Json) -> list[str]:
    outputs = arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
    uris = [one["S3Output"]["S3Uri"] for one in outputs]
    if "OutputDataConfig" in arguments:
        uris.append(arguments["OutputDataConfig"]["S3OutputPath"])
    return [uri.removeprefix("s3://") for uri in uris]


def matches(patterns: set[str], *names: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def listable(found: list[Json], uri: str) -> bool:
    bucket, _, prefix = uri.partition("/")
    return any(
        fnmatchcase(prefix, pattern)
        for one in found
        if "s3:ListBucket" in one["Action"] and one["Resource"][0].removeprefix("arn:aws:s3:::") == bucket
        for pattern in listed(one["Condition"]["StringLike"]["s3:prefix"])
    )


@pytest.mark.parametrize("component", COMPONENTS)
def test_no_policy_allows_a_whole_service(dev: Assembly, component: str) -> None:
    for name, policy in dev.resources(component, "AWS::IAM::Policy").items():
        for one in policy["Properties"]["PolicyDocument"]["Statement"]:
            assert not [action for action in listed(one["Action"]) if "*" in action], name


@pytest.mark.parametrize("component", COMPONENTS)
def test_no_role_has_a_managed_policy(dev: Assembly, component: str) -> None:
    for name, role in dev.resources(component, "AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role["Properties"], name


@pytest.mark.parametrize("component", COMPONENTS)
def test_what_must_be_open_is_narrowed_by_a_condition(dev: Assembly, component: str) -> None:
    for name, policy in dev.resources(component, "AWS::IAM::Policy").items():
        for one in policy["Properties"]["PolicyDocument"]["Statement"]:
            if one["Resource"] == "*" and one["Action"] != "ecr:GetAuthorizationToken":
                assert one["Condition"]["StringLike"]["cloudwatch:namespace"], name


def pipeline(dev: Assembly) -> list[Json]:
    return dev.statements("training", "PipelineRole")


def test_the_pipeline_starts_its_own_jobs_only(dev: Assembly) -> None:
    account = "arn:aws:sagemaker:us-east-1:<AWS::AccountId>"
    for verb in ("Create", "Describe", "Stop"):
        for job, kind in (("ProcessingJob", "processing-job"), ("TrainingJob", "training-job")):
            assert resources(pipeline(dev), f"sagemaker:{verb}{job}") == {f"{account}:{kind}/pipelines-*"}
    assert resources(pipeline(dev), "sagemaker:CreateModelPackage") == {
        f"{account}:model-package-group/bertline-dev",
        f"{account}:model-package/bertline-dev/*",
    }


def test_the_pipeline_makes_versions_of_its_own_group_only_and_tags_its_jobs(dev: Assembly) -> None:
    account = "arn:aws:sagemaker:us-east-1:<AWS::AccountId>"
    group = f"{account}:model-package-group/bertline-dev"
    for verb in ("Create", "Describe"):
        assert resources(pipeline(dev), f"sagemaker:{verb}ModelPackageGroup") == {group}
    assert resources(pipeline(dev), "sagemaker:AddTags") == {
        f"{account}:processing-job/pipelines-*",
        f"{account}:training-job/pipelines-*",
    }


def test_the_pipeline_invokes_the_function_of_its_step_only(dev: Assembly) -> None:
    assert resources(pipeline(dev), "lambda:InvokeFunction") == {"<LiveModelFunction>"}


def test_the_function_looks_at_its_endpoint_and_registry_and_changes_nothing(dev: Assembly) -> None:
    found = dev.statements("training", "LiveModelRole")
    account = "arn:aws:sagemaker:us-east-1:<AWS::AccountId>"
    assert {action: resources(found, action) for action in actions(found)} == {
        "sagemaker:DescribeEndpoint": {f"{account}:endpoint/bertline-dev"},
        "sagemaker:DescribeEndpointConfig": {f"{account}:endpoint-config/bertline-dev-*"},
        "sagemaker:DescribeModel": {f"{account}:model/bertline-dev-*"},
        "sagemaker:DescribeModelPackage": {f"{account}:model-package/bertline-dev/*"},
        "sagemaker:ListModelPackages": {
            f"{account}:model-package-group/bertline-dev",
            f"{account}:model-package/bertline-dev/*",
        },
        "logs:CreateLogStream": {"<LiveModelLog>"},
        "logs:PutLogEvents": {"<LiveModelLog>"},
    }


def test_only_lambda_takes_the_role_of_the_function(dev: Assembly) -> None:
    trust = dev.only("training", "AWS::IAM::Role", "LiveModelRole")["Properties"]["AssumeRolePolicyDocument"]
    assert [one["Principal"] for one in trust["Statement"]] == [{"Service": "lambda.amazonaws.com"}]


def test_the_pipeline_passes_the_job_roles_to_sagemaker_only(dev: Assembly) -> None:
    (passing,) = [one for one in pipeline(dev) if "iam:PassRole" in one["Action"]]
    assert set(passing["Resource"]) == {f"<JobRoles{job}>" for job in JOBS}
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_the_pipeline_can_read_the_report_and_write_nothing(dev: Assembly) -> None:
    report = "<Artifacts>/executions/run/evaluate/evaluation.json"
    assert matches(resources(pipeline(dev), "s3:GetObject"), report)
    model = "<Artifacts>/executions/run/train/job/output/model.tar.gz"
    assert matches(resources(pipeline(dev), "s3:GetObject"), model)
    used = {action for action in actions(pipeline(dev)) if action.startswith(("s3:", "kms:"))}
    assert used == {"s3:GetObject", "kms:Decrypt"}


@pytest.mark.parametrize("job", [*JOBS, "Pipeline"])
def test_only_sagemaker_takes_the_roles(dev: Assembly, job: str) -> None:
    name = "PipelineRole" if job == "Pipeline" else f"JobRoles{job}"
    trust: Any = dev.only("training", "AWS::IAM::Role", name)["Properties"]["AssumeRolePolicyDocument"]
    assert [one["Principal"] for one in trust["Statement"]] == [{"Service": "sagemaker.amazonaws.com"}]
