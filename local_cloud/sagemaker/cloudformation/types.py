"""Which resource types there are, how each maps to operations, and what of it replaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from local_cloud.sagemaker.cloudformation import translation
from local_cloud.sagemaker.cloudformation.values import Properties
from local_cloud.sagemaker.context import Context

# (old properties, new properties, identifying parameter) -> parameters of each call of the Update operation
Changes = Callable[[Properties, Properties, Properties], list[Properties]]


@dataclass(frozen=True)
class ResourceType:
    """How one resource type maps to operations.

    Parameters
    ----------
    kind : str
        ``Pipeline`` for ``AWS::SageMaker::Pipeline`` and ``CreatePipeline``.
    ref : str
        What Ref gives: ``name`` or ``arn``.
    replacing : sequence of str
        Properties whose change makes a new resource ("Update requires: Replacement").
    attributes : sequence of str
        Members of Describe that Fn::GetAtt gives, beside the ARN and the name.
    status : str
        The member of Describe to wait on, empty when the resource is there at once.
    identity : str
        Suffix of the member that names the resource in Update: ``Name`` or ``Arn``.
    translate : callable
        Turns properties into parameters where names or shapes differ.
    changes : callable
        The calls of Update that lead from old to new properties.
    settle : callable
        What else the properties ask for, once the resource is there.
    extra : sequence of str
        Properties that no operation takes as they are.
    translated : sequence of str
        Properties that Update takes under another name.
    minutes : mapping
        How long CloudFormation waits for ``create``, ``update`` and ``delete``, where it is not two hours.
    """

    kind: str
    ref: str
    replacing: Sequence[str]
    attributes: Sequence[str] = ("CreationTime",)
    status: str = ""
    good: Sequence[str] = ()
    identity: str = "Name"
    named: bool = True
    longest: int = 63
    taggable: bool = True
    translate: Callable[[Properties], Properties] = dict
    changes: Changes = translation.whole
    settle: Callable[[Context, str, Properties], None] | None = None
    extra: Sequence[str] = ()
    translated: Sequence[str] = ()
    minutes: Mapping[str, int] = field(default_factory=dict)

    @property
    def name_property(self) -> str:
        """The property that names the resource."""
        return f"{self.kind}Name"

    @property
    def cfn_type(self) -> str:
        """The name of the type in templates."""
        return f"AWS::SageMaker::{self.kind}"


TYPES = (
    ResourceType(
        "Pipeline",
        "name",
        ("PipelineName",),
        status="PipelineStatus",
        good=("Active",),
        translate=translation.pipeline,
    ),
    ResourceType(
        "ModelPackageGroup",
        "arn",
        ("ModelPackageGroupName", "ModelPackageGroupDescription"),
        attributes=("CreationTime", "ModelPackageGroupStatus"),
        settle=translation.group_policy,
        changes=translation.nothing,
        extra=("ModelPackageGroupPolicy",),
    ),
    ResourceType(
        "ModelPackage",
        "arn",
        (
            "ModelPackageGroupName",
            "ModelPackageName",
            "ModelPackageDescription",
            "InferenceSpecification",
            "ValidationSpecification",
            "SourceAlgorithmSpecification",
            "MetadataProperties",
            "ModelMetrics",
            "ClientToken",
            "DriftCheckBaselines",
            "Domain",
            "Task",
            "SamplePayloadUrl",
            "SecurityConfig",
        ),
        attributes=("CreationTime", "LastModifiedTime", "ModelPackageStatus", "ModelPackageVersion"),
        identity="Arn",
        named=False,
        taggable=False,
        changes=translation.package_changes,
    ),
    ResourceType(
        "ModelCard",
        "name",
        ("ModelCardName", "SecurityConfig"),
        attributes=("CreationTime", "LastModifiedTime", "ModelCardVersion"),
        translate=translation.card,
        changes=translation.one_by_one,
    ),
    ResourceType(
        "FeatureGroup",
        "name",
        (
            "FeatureGroupName",
            "RecordIdentifierFeatureName",
            "EventTimeFeatureName",
            "OfflineStoreConfig",
            "RoleArn",
            "Description",
        ),
        status="FeatureGroupStatus",
        good=("Created",),
        changes=translation.feature_group,
        translated=("FeatureDefinitions",),
    ),
    ResourceType(
        "Model",
        "arn",
        (
            "ModelName",
            "PrimaryContainer",
            "Containers",
            "ExecutionRoleArn",
            "EnableNetworkIsolation",
            "InferenceExecutionConfig",
            "VpcConfig",
        ),
    ),
    ResourceType(
        "EndpointConfig",
        "arn",
        (
            "EndpointConfigName",
            "ProductionVariants",
            "ShadowProductionVariants",
            "DataCaptureConfig",
            "AsyncInferenceConfig",
            "ExplainerConfig",
            "KmsKeyId",
            "EnableNetworkIsolation",
            "ExecutionRoleArn",
            "MetricsConfig",
            "VpcConfig",
        ),
    ),
    ResourceType(
        "Endpoint",
        "arn",
        ("EndpointName",),
        status="EndpointStatus",
        good=("InService",),
        translate=translation.endpoint,
        minutes={"create": 160, "update": 970},
    ),
    ResourceType("Experiment", "arn", ("ExperimentName",), longest=120, changes=translation.changed),
    ResourceType(
        "TrialComponent",
        "arn",
        ("TrialComponentName", "MetadataProperties"),
        longest=120,
        changes=translation.changed,
    ),
    ResourceType(
        "Artifact",
        "arn",
        ("ArtifactType", "Source", "MetadataProperties"),
        identity="Arn",
        named=False,
        changes=translation.changed,
    ),
    ResourceType(
        "Action",
        "arn",
        ("ActionName", "ActionType", "Source", "MetadataProperties"),
        longest=120,
        changes=translation.changed,
    ),
    ResourceType(
        "Context",
        "arn",
        ("ContextName", "ContextType", "Source"),
        longest=120,
        changes=translation.changed,
    ),
)
