"""The same pipeline, described once more with the SageMaker Python SDK, to compare the definition with.

The SDK cannot say everything: it registers models only with calls to AWS, and takes no parameter for the
volume size of a training job. Register is left out here; its request is checked against the API model.
"""

import json
from typing import Any

import boto3
import pytest
from sagemaker.core.config.config_manager import SageMakerConfig
from sagemaker.core.lambda_helper import Lambda
from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import (
    MetricDefinition,
    OutputDataConfig,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    StoppingCondition,
)
from sagemaker.core.telemetry import telemetry_logging
from sagemaker.core.training.configs import Channel, Compute, DataSource, Networking, S3DataSource
from sagemaker.core.workflow.conditions import ConditionEquals, ConditionGreaterThanOrEqualTo
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep
from sagemaker.train.model_trainer import ModelTrainer

from infra.training.inputs import DefinitionInputs
from infra.training.steps.train import METRICS

Json = dict[str, Any]
ROOT = "/opt/ml/processing"
SCRIPT = (
    f"mkdir -p {ROOT}/code && tar -xzf {ROOT}/input/code/0123.gz -C {ROOT}/code "
    f'&& cd {ROOT}/code && exec python3 -m "$@"'
)
VOLUME_SIZE = 50  # the SDK takes no parameter here
KINDS = {"String": ParameterString, "Integer": ParameterInteger, "Float": ParameterFloat}


class SdkPipeline:
    """Builds the pipeline with the SDK, offline."""

    def __init__(self, inputs: DefinitionInputs, declared: list[Json]) -> None:
        self.inputs = inputs
        self.session = offline_session()
        self.parameters = {
            one["Name"]: KINDS[one["Type"]](
                name=one["Name"],
                default_value=one.get("DefaultValue"),
                **({"enum_values": one["EnumValues"]} if "EnumValues" in one else {}),
            )
            for one in declared
        }
        self.cache = CacheConfig(enable_caching=True, expire_after="P30D")

    def definition(self) -> Json:
        """The definition the SDK writes."""
        p, run = self.parameters, ExecutionVariables.PIPELINE_EXECUTION_ID
        shaping = ["--train-split-percentage", p["TrainSplitPercentage"].to_string(),
                   "--validation-split-percentage", p["ValidationSplitPercentage"].to_string(),
                   "--test-split-percentage", p["TestSplitPercentage"].to_string(),
                   "--split-protocol", p["SplitProtocol"], "--seed", p["Seed"].to_string(),
                   "--max-seq-length", p["MaxSeqLength"].to_string(),
                   "--truncation", p["Truncation"]]  # fmt: skip
        validate = self.processing(
            "Validate",
            words=["--input-dir", "raw", "--contract-dir", "contract", "--encoder-dir", "encoder",
                   "--reviews-dir", "=reviews", "--quarantine-dir", "=quarantine",
                   "--report-dir", "=validation", "--dataset-dir", "=dataset", *shaping],
            sources={"raw": p["InputData"], "encoder": p["EncoderUri"], "contract": p["ContractUri"]},
            products={**{n: self.run_uri("validate", n) for n in ("reviews", "quarantine", "validation")},
                      "dataset": "s3://artifacts/datasets"},
            continuous=("quarantine", "validation"),
        )  # fmt: skip
        prepare = self.processing(
            "Prepare",
            words=["--reviews-dir", "reviews", "--validation-report-dir", "validation-report",
                   "--encoder-dir", "encoder", "--contract-dir", "contract",
                   "--resource-config", "/opt/ml/config/resourceconfig.json", "--train-dir", "=train",
                   "--validation-dir", "=validation", "--test-dir", "=test", "--report-dir", "=report",
                   "--dataset-dir", "=dataset", *shaping, "--features-as-of", p["FeaturesAsOf"],
                   "--feature-group-name", p["FeatureGroupName"]],
            sources={"reviews": output(validate, "reviews"),
                     "validation-report": output(validate, "validation"), "encoder": p["EncoderUri"],
                     "contract": p["ContractUri"]},
            products={**{s: Join(on="/", values=["s3://artifacts", p["FeatureStoreOfflinePrefix"], run, s])
                         for s in ("train", "validation", "test")},
                      "report": self.run_uri("prepare", "report"), "dataset": "s3://artifacts/datasets"},
            count=p["ProcessingInstanceCount"],
            network=True,
            sharded="reviews",
            environment={"FEATURE_STORE_OFFLINE_PREFIX": p["FeatureStoreOfflinePrefix"]},
        )  # fmt: skip
        train = self.training(prepare)
        live = self.live_model()
        baselines = self.processing(
            "Baselines",
            words=["--train-dir", "train", "--validation-dir", "validation", "--test-dir", "test",
                   "--contract-dir", "contract", "--live-dir", "live",
                   "--live-package", live.properties.Outputs["LiveModelPackage"],
                   "--output-dir", "=baselines", "--seed", p["Seed"].to_string()],
            sources={**{split: output(prepare, split) for split in ("train", "validation", "test")},
                     "contract": p["ContractUri"], "live": live.properties.Outputs["LiveModelUri"]},
            products={"baselines": self.run_uri("baselines")},
        )  # fmt: skip
        report = PropertyFile(name="EvaluationReport", output_name="evaluation", path="evaluation.json")
        card = PropertyFile(name="ModelCard", output_name="evaluation", path="model-card.json")
        evaluate = self.processing(
            "Evaluate",
            words=["--model-dir", "model", "--test-dir", "test", "--baselines-dir", "baselines",
                   "--validation-dir", "validation", "--prepare-dir", "prepare", "--contract-dir", "contract",
                   "--prices-dir", "prices", "--output-dir", "=evaluation",
                   "--min-accuracy", p["MinAccuracyValue"].to_string(),
                   "--deploy-instance-type", p["DeployInstanceType"], "--seed", p["Seed"].to_string()],
            sources={"model": train.properties.ModelArtifacts.S3ModelArtifacts,
                     "test": output(prepare, "test"), "baselines": output(baselines, "baselines"),
                     "validation": output(validate, "validation"),
                     "prepare": output(prepare, "report"), "contract": p["ContractUri"],
                     "prices": self.inputs.prices_uri},
            products={"evaluation": self.run_uri("evaluate")},
            environment={"PROCESSING_INSTANCE_TYPE": p["ProcessingInstanceType"]},
            files=[report, card],
        )  # fmt: skip
        steps = [validate, prepare, live, train, baselines, evaluate, self.gate(evaluate, report)]
        pipeline = Pipeline(
            name="p", parameters=list(p.values()), steps=steps, sagemaker_session=self.session
        )
        return json.loads(pipeline.definition())

    def run_uri(self, *folders: str) -> Join:
        first = "s3://artifacts/executions"
        return Join(on="/", values=[first, ExecutionVariables.PIPELINE_EXECUTION_ID, *folders])

    def processing(
        self, name: str, *, words: list[Any], sources: Json, products: Json, count: Any = 1,
        network: bool = False, sharded: str = "", continuous: tuple[str, ...] = (),
        environment: Json | None = None, files: list[PropertyFile] | None = None,
    ) -> ProcessingStep:  # fmt: skip
        """A processing step; `words` names inputs by their name and outputs by `=` and their name."""
        job = Processor(
            role=getattr(self.inputs.roles, name.lower()),
            image_uri=self.inputs.job_image,
            instance_count=count,
            instance_type=self.parameters["ProcessingInstanceType"],
            entrypoint=["/bin/bash", "-ec", SCRIPT, "bertline"],
            volume_size_in_gb=30,
            volume_kms_key=self.inputs.key_arn,
            output_kms_key=self.inputs.key_arn,
            max_runtime_in_seconds=3600,
            env={
                "AWS_DEFAULT_REGION": "us-east-1",
                "BERTLINE_EXIT_MESSAGE": "/opt/ml/output/message",
                **(environment or {}),
            },
            network_config=NetworkConfig(
                enable_network_isolation=not network, encrypt_inter_container_traffic=count != 1
            ),
            sagemaker_session=self.session,
        )
        places = {source: f"{ROOT}/input/{source}" for source in sources}
        places |= {f"={product}": f"{ROOT}/output/{product}" for product in products}
        sources = {"code": self.inputs.code_uri, **sources}
        arguments = job.run(
            inputs=[processing_input(key, uri, sharded=key == sharded) for key, uri in sources.items()],
            outputs=[
                processing_output(key, uri, continuous=key in continuous) for key, uri in products.items()
            ],
            arguments=[
                f"pipeline_code.jobs.{name.lower()}",
                *(places.get(word, word) if isinstance(word, str) else word for word in words),
            ],
        )
        return ProcessingStep(
            name=name,
            step_args=arguments,
            cache_config=self.cache,
            property_files=files,
        )

    def training(self, prepare: ProcessingStep) -> TrainingStep:
        """The training step."""
        p = self.parameters
        names = ["epochs", "learning_rate", "train_batch_size", "validation_batch_size", "seed",
                 "train_steps_per_epoch", "validation_steps_per_epoch", "freeze_bert_layer",
                 "run_validation", "balance_dataset", "focal_gamma", "logit_adjustment_tau",
                 "tune_thresholds", "overfit_check"]  # fmt: skip
        given = {name: p["".join(word.title() for word in name.split("_"))] for name in names}
        given["imbalance"] = p["ImbalanceStrategy"]
        texts = {
            name: v if v.parameter_type.value == "String" else v.to_string() for name, v in given.items()
        }
        trainer = ModelTrainer(
            role=self.inputs.roles.train,
            training_image=self.inputs.job_image,
            training_input_mode=p["InputMode"],
            environment={
                "AWS_DEFAULT_REGION": "us-east-1",
                "TRAIN_INSTANCE_COUNT": p["TrainInstanceCount"].to_string(),
                "TRAIN_INSTANCE_TYPE": p["TrainInstanceType"],
            },
            hyperparameters={
                "sagemaker_program": '"pipeline_code/jobs/train.py"',
                "sagemaker_submit_directory": '"s3://assets/0123.gz"',
                "sagemaker_region": '"us-east-1"',
                **texts,
            },
            compute=Compute(
                instance_type=p["TrainInstanceType"],
                instance_count=p["TrainInstanceCount"],
                volume_size_in_gb=VOLUME_SIZE,
                enable_managed_spot_training=False,
            ),
            networking=Networking(
                enable_network_isolation=False, enable_inter_container_traffic_encryption=True
            ),
            stopping_condition=StoppingCondition(max_runtime_in_seconds=14400),
            output_data_config=OutputDataConfig(
                s3_output_path=self.run_uri("train"), kms_key_id=self.inputs.key_arn
            ),
            sagemaker_session=self.session,
        ).with_metric_definitions(
            [MetricDefinition(name=name, regex=regex) for name, regex in METRICS.items()]
        )
        arguments = trainer.train(
            input_data_config=[
                channel("train", output(prepare, "train")),
                channel("validation", output(prepare, "validation")),
                channel("encoder", p["EncoderUri"], input_mode="File"),
                channel("contract", p["ContractUri"], input_mode="File"),
            ]
        )
        return TrainingStep(name="Train", step_args=arguments, cache_config=self.cache)

    def live_model(self) -> LambdaStep:
        """The step that looks up the live model."""
        return LambdaStep(
            name="LiveModel",
            lambda_func=Lambda(function_arn=self.inputs.live_model_function, session=self.session),
            inputs={"ContractUri": self.parameters["ContractUri"]},
            outputs=[
                LambdaOutput(output_name=name, output_type=LambdaOutputTypeEnum.String)
                for name in ("LiveModelPackage", "LiveModelUri")
            ],
        )

    def gate(self, evaluate: ProcessingStep, report: PropertyFile) -> ConditionStep:
        """The gate without Register."""

        def read(path: str) -> JsonGet:
            return JsonGet(step_name="Evaluate", property_file=report, json_path=path)

        folder = output(evaluate, "evaluation")
        reason = Join(on="", values=[read("gate.summary"), " Report: ", folder, "/report.html"])
        return ConditionStep(
            name="Gate",
            conditions=[
                ConditionEquals(left=read("gate.passed"), right=True),
                ConditionGreaterThanOrEqualTo(
                    left=read("metrics.accuracy.value"), right=self.parameters["MinAccuracyValue"]
                ),
            ],
            if_steps=[],
            else_steps=[FailStep(name="Refuse", error_message=reason)],
        )


def build(inputs: DefinitionInputs, declared: list[Json]) -> Json:
    """The SDK's definition of the pipeline, built without a network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("SAGEMAKER_VALIDATE_ROLE", "false")
        # The SDK writes pipeline variables into its telemetry, which raises; it sends none here anyway.
        patch.setattr(telemetry_logging, "_extract_telemetry_params", lambda *_: "")
        patch.setattr(SageMakerConfig, "validate_sagemaker_config", lambda _self, _config: None)
        return SdkPipeline(inputs, declared).definition()


def offline_session() -> PipelineSession:
    boto = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
    quiet = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
    return PipelineSession(
        boto_session=boto,
        sagemaker_client=boto.client("sagemaker"),
        default_bucket="unused",
        sagemaker_config=quiet,
    )


def output(step: ProcessingStep, name: str) -> Any:
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


def processing_input(name: str, uri: Any, *, sharded: bool) -> ProcessingInput:
    return ProcessingInput(
        input_name=name,
        s3_input=ProcessingS3Input(
            s3_uri=uri,
            local_path=f"{ROOT}/input/{name}",
            s3_data_type="S3Prefix",
            s3_input_mode="File",
            s3_data_distribution_type="ShardedByS3Key" if sharded else "FullyReplicated",
        ),
    )


def processing_output(name: str, uri: Any, *, continuous: bool) -> ProcessingOutput:
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(
            s3_uri=uri,
            local_path=f"{ROOT}/output/{name}",
            s3_upload_mode="Continuous" if continuous else "EndOfJob",
        ),
    )


def channel(name: str, uri: Any, **more: str) -> Channel:
    source = S3DataSource(s3_data_type="S3Prefix", s3_uri=uri, s3_data_distribution_type="FullyReplicated")
    return Channel(channel_name=name, data_source=DataSource(s3_data_source=source), **more)
