"""Findings that are accepted, each with the reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Acknowledgement:
    """Findings of a construct and all below it.

    Parameters
    ----------
    path
        Where, beginning with the component of the stack: `training/JobRoles`.
    findings
        What cdk-nag reports in brackets after the rule; `{environment}`, `{region}` and `{account}` are
        filled in.
    """

    path: str
    findings: tuple[str, ...]
    reason: str
    rule: str = "AwsSolutions-IAM5"


# How cdk-nag writes the ARNs of the two imported buckets.
_RAW = "Resource::bertline-{environment}-data:ExportsOutputFnGetAttRaw72517081Arn8AABA17C"
_ARTIFACTS = "Resource::bertline-{environment}-data:ExportsOutputFnGetAttArtifacts82DD59A1Arn3B515032"
_LOGS = "Resource::arn:aws:logs:{region}:{account}:log-group:/aws/sagemaker"
_SAGEMAKER = "Resource::arn:aws:sagemaker:{region}:{account}"

_ANY = (
    "ecr:GetAuthorizationToken and cloudwatch:PutMetricData work on no resource; "
    "the metrics are limited by their namespace"
)
_STREAMS = "Every job and every instance of it opens a log stream of its own in the group"
_KEYS = "The keys below a prefix are not known before the job runs; the prefix is the job's or its inputs'"
_NUMBERED = "SageMaker or the deploy function completes the name, so only its beginning is known"

ACKNOWLEDGEMENTS: tuple[Acknowledgement, ...] = (
    Acknowledgement(
        path="data/ReviewFeatures/OfflineStoreRole",
        findings=("Resource::<Artifacts82DD59A1.Arn>/feature-store/*",),
        reason="Feature Store chooses the keys of the offline records",
    ),
    Acknowledgement(path="training/JobRoles", findings=("Resource::*",), reason=_ANY),
    Acknowledgement(
        path="training/JobRoles",
        findings=(f"{_LOGS}/ProcessingJobs:*", f"{_LOGS}/TrainingJobs:*"),
        reason=_STREAMS,
    ),
    Acknowledgement(
        path="training/JobRoles",
        findings=(
            f"{_RAW}/contracts/*",
            f"{_RAW}/encoder/*",
            f"{_RAW}/reviews/*",
            f"{_ARTIFACTS}/datasets/*",
            f"{_ARTIFACTS}/feature-store/*",
            f"{_ARTIFACTS}/features*",
            f"{_ARTIFACTS}/executions/*/validate/*",
            f"{_ARTIFACTS}/executions/*/validate/reviews/*",
            f"{_ARTIFACTS}/executions/*/validate/validation/*",
            f"{_ARTIFACTS}/executions/*/prepare/*",
            f"{_ARTIFACTS}/executions/*/prepare/report/*",
            f"{_ARTIFACTS}/executions/*/baselines/*",
            f"{_ARTIFACTS}/executions/*/train/*",
            f"{_ARTIFACTS}/executions/*/evaluate/*",
        ),
        reason=_KEYS,
    ),
    Acknowledgement(
        path="training/JobRoles/Prepare",
        findings=(f"{_SAGEMAKER}:feature-group/bertline-{{environment}}-*",),
        reason="FeatureGroupName is a parameter: any feature group of this environment may be named",
    ),
    Acknowledgement(
        path="training/PipelineRole",
        findings=(f"{_ARTIFACTS}/executions/*/evaluate/*", f"{_ARTIFACTS}/executions/*/train/*"),
        reason=_KEYS,
    ),
    Acknowledgement(
        path="training/PipelineRole",
        findings=(
            f"{_SAGEMAKER}:processing-job/pipelines-*",
            f"{_SAGEMAKER}:training-job/pipelines-*",
            f"{_SAGEMAKER}:model-package/bertline-{{environment}}/*",
        ),
        reason=_NUMBERED,
    ),
    Acknowledgement(
        path="training/LiveModel/Role",
        findings=(
            f"{_SAGEMAKER}:model-package/bertline-{{environment}}/*",
            f"{_SAGEMAKER}:model/bertline-{{environment}}-*",
            f"{_SAGEMAKER}:endpoint-config/bertline-{{environment}}-*",
        ),
        reason=_NUMBERED,
    ),
    Acknowledgement(path="experiments/JobRole", findings=("Resource::*",), reason=_ANY),
    Acknowledgement(path="experiments/JobRole", findings=(f"{_LOGS}/ProcessingJobs:*",), reason=_STREAMS),
    Acknowledgement(
        path="experiments/JobRole",
        findings=(
            f"{_RAW}/candidates/*",
            f"{_RAW}/contracts/*",
            f"{_RAW}/encoder/*",
            f"{_ARTIFACTS}/features*",
            f"{_ARTIFACTS}/executions/*/experiment/*",
        ),
        reason=_KEYS,
    ),
    Acknowledgement(
        path="experiments/PipelineRole",
        findings=(f"{_SAGEMAKER}:processing-job/pipelines-*",),
        reason=_NUMBERED,
    ),
    Acknowledgement(path="serving/ModelRole", findings=("Resource::*",), reason=_ANY),
    Acknowledgement(
        path="serving/ModelRole", findings=(f"{_LOGS}/Endpoints/bertline-{{environment}}:*",), reason=_STREAMS
    ),
    Acknowledgement(path="serving/ModelRole", findings=(f"{_ARTIFACTS}/executions/*/train/*",), reason=_KEYS),
    Acknowledgement(
        path="serving/Verify/Role",
        findings=(
            f"{_SAGEMAKER}:model-package/bertline-{{environment}}/*",
            f"{_SAGEMAKER}:endpoint-config/bertline-{{environment}}-*",
        ),
        reason=_NUMBERED,
    ),
    Acknowledgement(
        path="serving/Deploy/Role",
        findings=(
            f"{_SAGEMAKER}:model-package/bertline-{{environment}}/*",
            f"{_SAGEMAKER}:model/bertline-{{environment}}-*",
            f"{_SAGEMAKER}:endpoint-config/bertline-{{environment}}-*",
        ),
        reason=_NUMBERED,
    ),
)
