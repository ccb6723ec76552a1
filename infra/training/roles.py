"""Who may do what: one role a job, and the role of the pipeline that starts them."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.images import Image
from infra.constructs.instances import takes_volume_key
from infra.constructs.job_role import JobRole
from infra.constructs.key_use import allow_objects
from infra.data.feature_group import OFFLINE_PREFIX
from infra.names import Names
from infra.settings import Settings
from infra.training.inputs import RoleArns
from infra.training.steps.processing import DATASETS

FEATURES = "features*"
_ENCODER = "encoder/*"
_DATASETS = f"{DATASETS}/*"
_OFFLINE_STORE = f"{OFFLINE_PREFIX}/*"


def _of_step(*path: str) -> str:
    return "/".join(("executions/*", *path, "*"))


# The artifacts of every execution: that of this one, and that of the live model.
_MODELS = _of_step("train")


@dataclass(frozen=True)
class Stores:
    """The buckets and the key the jobs work with.

    Parameters
    ----------
    asset_keys
        Keys of the job code and the contract in `assets`.
    prices_key
        Key of the price table in `assets`.
    """

    raw: s3.IBucket
    artifacts: s3.IBucket
    assets: s3.IBucket
    asset_keys: tuple[str, ...]
    prices_key: str
    key: kms.IKey


class JobRoles(Construct):
    """The roles of the five jobs, each with its own prefixes and no other.

    All apps of the account share the asset bucket, so the jobs may read the deployed code and contract in it,
    Evaluate the price table too, and nothing else. An execution in flight while a deployment changes one of
    them loses the right to read the old one: start it again.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        settings: Settings,
        stores: Stores,
        image: Image,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stores, self._image, self._settings = stores, image, settings
        self.validate = self._processing_role("Validate", reads_raw=("reviews/*", _ENCODER))
        self.prepare = self._processing_role(
            "Prepare",
            reads_raw=(_ENCODER,),
            reads=(_of_step("validate", "reviews"), _of_step("validate", "validation"), _OFFLINE_STORE),
        )
        self.baselines = self._processing_role("Baselines", reads=(FEATURES, _MODELS))
        self.train = self._role("Train", "TrainingJobs", reads_raw=(_ENCODER,), reads=(FEATURES,))
        self.evaluate = self._processing_role("Evaluate", reads=(FEATURES, *self._evaluated()))
        self.evaluate.read_objects(stores.assets, stores.prices_key)
        self.validate.write_objects(stores.artifacts, _DATASETS)
        self.prepare.write_objects(stores.artifacts, FEATURES, _DATASETS)
        self._allow_features(names)

    @property
    def all(self) -> list[JobRole]:
        """Every job role."""
        return [self.validate, self.prepare, self.baselines, self.train, self.evaluate]

    @property
    def arns(self) -> RoleArns:
        """The ARNs the definition needs."""
        return RoleArns(
            validate=self.validate.role_arn,
            prepare=self.prepare.role_arn,
            baselines=self.baselines.role_arn,
            train=self.train.role_arn,
            evaluate=self.evaluate.role_arn,
        )

    def _evaluated(self) -> tuple[str, ...]:
        return (
            _MODELS,
            _of_step("baselines"),
            _of_step("validate", "validation"),
            _of_step("prepare", "report"),
        )

    def _processing_role(
        self, job: str, *, reads_raw: tuple[str, ...] = (), reads: tuple[str, ...] = ()
    ) -> JobRole:
        return self._role(job, "ProcessingJobs", reads_raw=reads_raw, reads=reads)

    def _role(self, job: str, kind: str, *, reads_raw: tuple[str, ...], reads: tuple[str, ...]) -> JobRole:
        stores = self._stores
        machines = self._settings.training if kind == "TrainingJobs" else self._settings.processing
        role = JobRole(
            self,
            job,
            description=f"{job} job of the pipeline",
            key=stores.key,
            image=self._image,
            log_group=f"/aws/sagemaker/{kind}",
            volumes=takes_volume_key(machines.instance_type),
        )
        role.read_objects(stores.assets, *stores.asset_keys)
        role.read_objects(stores.raw, "contracts/*", *reads_raw)
        if reads:
            role.read_objects(stores.artifacts, *reads)
        role.write_objects(stores.artifacts, _of_step(job.lower()))
        return role

    def _allow_features(self, names: Names) -> None:
        groups = cdk.Stack.of(self).format_arn(
            service="sagemaker", resource="feature-group", resource_name=f"{names.prefix}-*"
        )
        self.prepare.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "sagemaker:BatchGetRecord",
                    "sagemaker:BatchWriteRecord",
                    "sagemaker:DescribeFeatureGroup",
                    "sagemaker:PutRecord",
                ],
                resources=[groups],
            )
        )


class PipelineRole(iam.Role):
    """The role SageMaker Pipelines assumes: runs jobs and function, reads the report, registers the model."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        stores: Stores,
        jobs: JobRoles,
        function_arn: str,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"Pipeline {names.prefix}",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
        )
        self._allow_jobs()
        self._allow(["lambda:InvokeFunction"], function_arn)
        self._allow_registering(names)
        self.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[role.role_arn for role in jobs.all],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )
        self._allow_results(stores)

    def _allow_registering(self, names: Names) -> None:
        """Allow to add versions to the group; the service makes sure of the group on the way."""
        group = self._arn("model-package-group", names.prefix)
        versions = self._arn("model-package", f"{names.prefix}/*")
        self._allow(["sagemaker:CreateModelPackageGroup", "sagemaker:DescribeModelPackageGroup"], group)
        self._allow(["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"], group, versions)

    def _allow_results(self, stores: Stores) -> None:
        """Allow to read the property file, and the model that SageMaker looks up when it is registered."""
        results = [stores.artifacts.arn_for_objects(_of_step(step)) for step in ("evaluate", "train")]
        self._allow(["s3:GetObject"], *results)
        allow_objects(self, stores.key)

    def _allow_jobs(self) -> None:
        for job, resource in (("ProcessingJob", "processing-job"), ("TrainingJob", "training-job")):
            self._allow(
                [*(f"sagemaker:{verb}{job}" for verb in ("Create", "Describe", "Stop")), "sagemaker:AddTags"],
                self._arn(resource, "pipelines-*"),
            )

    def _arn(self, resource: str, name: str) -> str:
        return cdk.Stack.of(self).format_arn(service="sagemaker", resource=resource, resource_name=name)

    def _allow(self, actions: list[str], *resources: str) -> None:
        self.add_to_policy(iam.PolicyStatement(actions=actions, resources=list(resources)))
