"""The training stack: job code, roles and the pipeline."""

from pathlib import Path

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
from infra.training.live_model_function import LiveModelFunction
from infra.training.roles import JobRoles, PipelineRole, Stores

PRICES = ROOT / "config" / "prices"
CODE_FOLDER = ROOT / "pipeline_code"
# The job image has not got them, and jobs without network cannot fetch them.
LIBRARIES = ("py3langid", "vaderSentiment")


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
        self._settings, self._data = settings, data
        self._code = CodeAsset(self, "JobCode", folder=CODE_FOLDER, libraries=LIBRARIES)
        self._contract = assets.Asset(self, "Contract", path=str(settings.contract_path))
        self._prices = assets.Asset(self, "Prices", path=str(price_table(settings.region)))
        self._live_model = LiveModelFunction(
            self,
            "LiveModel",
            names=names,
            model_package_group=model_package_group,
            log_retention_days=settings.operations.log_retention_days,
        )
        self._image = training_image(settings.region)
        stores = self._stores()
        jobs = JobRoles(self, "JobRoles", names=names, settings=settings, stores=stores, image=self._image)
        role = PipelineRole(
            self,
            "PipelineRole",
            names=names,
            stores=stores,
            jobs=jobs,
            function_arn=self._live_model.function_arn,
        )
        definition = build_definition(self._inputs(jobs, model_package_group))
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

    def _stores(self) -> Stores:
        return Stores(
            raw=self._data.raw,
            artifacts=self._data.artifacts,
            assets=self._code.bucket,
            asset_keys=(self._code.s3_object_key, self._contract.s3_object_key),
            prices_key=self._prices.s3_object_key,
            key=self._data.key,
        )

    def _inputs(self, jobs: JobRoles, model_package_group: str) -> DefinitionInputs:
        settings, data = self._settings, self._data
        return DefinitionInputs(
            settings=settings,
            region=settings.region,
            roles=jobs.arns,
            code_uri=self._code.s3_object_url,
            code_file=self._code.s3_object_key,
            artifact_uri=data.artifacts.s3_url_for_object(),
            contract_uri=self._contract.s3_object_url,
            prices_uri=self._prices.s3_object_url,
            live_model_function=self._live_model.function_arn,
            key_arn=data.key.key_arn,
            job_image=self._image.uri,
            endpoint_image=inference_image(settings.region, settings.serving.instance_type).uri,
            feature_group=data.feature_group_name,
            model_package_group=model_package_group,
        )


def price_table(region: str, *, folder: Path = PRICES) -> Path:
    """Return the file with the prices of a region, that of us-east-1 where the region has none."""
    own = folder / f"{region}.toml"
    return own if own.is_file() else folder / "us-east-1.toml"
