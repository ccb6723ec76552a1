"""Who may do what: the role of the experiment's job, and that of the pipeline which starts it."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.images import Image
from infra.constructs.instances import takes_volume_key
from infra.constructs.job_role import JobRole
from infra.settings import Settings
from infra.training.roles import FEATURES

RESULTS = "executions/*/experiment/*"
_RAW = ("candidates/*", "contracts/*", "encoder/*")


@dataclass(frozen=True)
class Stores:
    """The buckets and the key; `asset_keys` name job code and contract in `assets`."""

    raw: s3.IBucket
    artifacts: s3.IBucket
    assets: s3.IBucket
    asset_keys: tuple[str, ...]
    key: kms.IKey


def experiment_role(
    scope: Construct, construct_id: str, *, settings: Settings, stores: Stores, image: Image
) -> JobRole:
    """The role of the job: it reads features, candidates, contracts and encoder, and writes its results."""
    role = JobRole(
        scope,
        construct_id,
        description="Experiment job",
        key=stores.key,
        image=image,
        log_group="/aws/sagemaker/ProcessingJobs",
        volumes=takes_volume_key(settings.processing.instance_type),
    )
    role.read_objects(stores.assets, *stores.asset_keys)
    role.read_objects(stores.raw, *_RAW)
    role.read_objects(stores.artifacts, FEATURES)
    role.write_objects(stores.artifacts, RESULTS)
    return role


class ExperimentPipelineRole(iam.Role):
    """The role SageMaker Pipelines assumes: it starts, watches and stops the job."""

    def __init__(self, scope: Construct, construct_id: str, *, name: str, job: JobRole) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"Pipeline {name}",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
        )
        jobs = cdk.Stack.of(self).format_arn(
            service="sagemaker", resource="processing-job", resource_name="pipelines-*"
        )
        verbs = ("Create", "Describe", "Stop")
        self._allow([*(f"sagemaker:{verb}ProcessingJob" for verb in verbs), "sagemaker:AddTags"], jobs)
        self.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[job.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )

    def _allow(self, actions: list[str], *resources: str) -> None:
        self.add_to_policy(iam.PolicyStatement(actions=actions, resources=list(resources)))
