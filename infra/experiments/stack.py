"""The experiments' stack: role and pipeline `bertline-<environment>-experiments`, with the same job code."""

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.constructs.code_asset import CodeAsset
from infra.constructs.images import training_image
from infra.data.stack import DataStack
from infra.experiments.definition import build_definition
from infra.experiments.inputs import ExperimentInputs
from infra.experiments.roles import ExperimentPipelineRole, Stores, experiment_role
from infra.names import Names
from infra.settings import Settings
from infra.training.stack import CODE_FOLDER, LIBRARIES


class ExperimentsStack(cdk.Stack):
    """A pipeline of one step, apart from training: an experiment registers no model."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        settings: Settings,
        data: DataStack,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope, construct_id, stack_name=construct_id, env=env, description="Bertline experiments"
        )
        code = CodeAsset(self, "JobCode", folder=CODE_FOLDER, libraries=LIBRARIES)
        contract = assets.Asset(self, "Contract", path=str(settings.contract_path))
        image = training_image(settings.region)
        stores = Stores(
            raw=data.raw,
            artifacts=data.artifacts,
            assets=code.bucket,
            asset_keys=(code.s3_object_key, contract.s3_object_key),
            key=data.key,
        )
        name = names.stack("experiments")
        job = experiment_role(self, "JobRole", settings=settings, stores=stores, image=image)
        role = ExperimentPipelineRole(self, "PipelineRole", name=name, job=job)
        definition = build_definition(
            ExperimentInputs(
                settings=settings,
                region=settings.region,
                role=job.role_arn,
                code_uri=code.s3_object_url,
                code_file=code.s3_object_key,
                artifact_uri=data.artifacts.s3_url_for_object(),
                contract_uri=contract.s3_object_url,
                key_arn=data.key.key_arn,
                job_image=image.uri,
            )
        )
        pipeline = sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=name,
            pipeline_description="Would other data, more labels or rewritten texts help?",
            role_arn=role.role_arn,
            pipeline_definition={"PipelineDefinitionBody": self.to_json_string(definition)},
        )
        pipeline.node.add_dependency(role, job)
        cdk.CfnOutput(self, "PipelineName", value=name)
