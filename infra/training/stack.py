"""The training stack: job code, roles and the pipeline."""

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.constructs.code_asset import CodeAsset
from infra.constructs.images import inference_image, training_image
from infra.data.stack import DataStack
from infra.names import Names
from infra.settings import ROOT, Settings
from infra.training.definition import build_definition
from infra.training.inputs import DefinitionInputs
from infra.training.roles import JobRoles, PipelineRole, Stores

CODE_FOLDER = ROOT / "pipeline_code"


class TrainingStack(cdk.Stack):
    """The pipeline `bertline-<environment>` and everything its jobs need."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        settings: Settings,
        data: DataStack,
        model_package_group: str,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope, construct_id, stack_name=construct_id, env=env, description="Bertline training pipeline"
        )
        code = CodeAsset(self, "JobCode", folder=CODE_FOLDER)
        contract = assets.Asset(self, "Contract", path=str(settings.contract_path))
        stores = Stores(raw=data.raw, artifacts=data.artifacts, assets=code.bucket, key=data.key)
        image = training_image(settings.region)
        jobs = JobRoles(self, "JobRoles", names=names, stores=stores, image=image)
        role = PipelineRole(self, "PipelineRole", names=names, stores=stores, jobs=jobs)
        definition = build_definition(
            DefinitionInputs(
                settings=settings,
                region=settings.region,
                roles=jobs.arns,
                code_uri=code.s3_object_url,
                code_file=code.s3_object_key,
                raw_uri=data.raw.s3_url_for_object(),
                artifact_uri=data.artifacts.s3_url_for_object(),
                contract_uri=contract.s3_object_url,
                key_arn=data.key.key_arn,
                job_image=image.uri,
                endpoint_image=inference_image(settings.region, settings.serving.instance_type).uri,
                feature_group=data.feature_group_name,
                model_package_group=model_package_group,
            )
        )
        pipeline = sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=names.prefix,
            pipeline_description="Reviews to a registered model",
            role_arn=role.role_arn,
            pipeline_definition={"PipelineDefinitionBody": self.to_json_string(definition)},
        )
        pipeline.node.add_dependency(role, jobs)
        cdk.CfnOutput(self, "PipelineName", value=names.prefix)
