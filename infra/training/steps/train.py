"""Train: fine-tune the encoder with the script mode of the training image."""

from infra.constructs.instances import takes_volume_key
from infra.training.expressions import Json, output_of, parameter, text
from infra.training.inputs import DefinitionInputs
from infra.training.steps import prepare
from infra.training.steps.processing import cache_config, execution_uri

NAME = "Train"
PROGRAM = "pipeline_code/jobs/train.py"
# The job prints key=value pairs, for example `epoch=1 validation_loss=0.66 validation_accuracy=0.74`.
_NUMBER = r"([0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)"
METRICS = {
    "train:loss": f"train_loss={_NUMBER}",
    "train:examples": f"train_examples={_NUMBER}",
    "validation:loss": f"validation_loss={_NUMBER}",
    "validation:accuracy": f"validation_accuracy={_NUMBER}",
    "validation:macro_f1": f"validation_macro_f1={_NUMBER}",
}


def train_step(inputs: DefinitionInputs) -> Json:
    """Return the step; its model artifact is model.tar.gz."""
    return {
        "Name": NAME,
        "Type": "Training",
        "Arguments": {
            "RoleArn": inputs.roles.train,
            "AlgorithmSpecification": {
                "TrainingImage": inputs.job_image,
                "TrainingInputMode": parameter("InputMode"),
                "MetricDefinitions": [{"Name": name, "Regex": regex} for name, regex in METRICS.items()],
                "EnableSageMakerMetricsTimeSeries": True,
            },
            "HyperParameters": _hyperparameters(inputs),
            "Environment": _environment(inputs),
            "InputDataConfig": _channels(),
            "OutputDataConfig": {
                "S3OutputPath": execution_uri(inputs, "train"),
                "KmsKeyId": inputs.key_arn,
            },
            "ResourceConfig": _machines(inputs),
            "StoppingCondition": {"MaxRuntimeInSeconds": inputs.settings.training.max_runtime_minutes * 60},
            # The training toolkit itself fetches the code from S3, which isolation forbids. The role of the
            # job, not the network, is what keeps it to its own objects.
            "EnableNetworkIsolation": False,
            "EnableInterContainerTrafficEncryption": True,
            "EnableManagedSpotTraining": False,
        },
        "CacheConfig": cache_config(inputs),
    }


def _environment(inputs: DefinitionInputs) -> Json:
    """Name the machines too: a step's cache key takes in the environment but leaves out ResourceConfig."""
    return {
        "AWS_DEFAULT_REGION": inputs.region,
        "TRAIN_INSTANCE_COUNT": text(parameter("TrainInstanceCount")),
        "TRAIN_INSTANCE_TYPE": parameter("TrainInstanceType"),
    }


def _hyperparameters(inputs: DefinitionInputs) -> Json:
    """Name the script for the toolkit, as JSON strings, and the arguments the script gets."""
    return {
        "sagemaker_program": f'"{PROGRAM}"',
        "sagemaker_submit_directory": f'"{inputs.code_uri}"',
        "sagemaker_region": f'"{inputs.region}"',
        "epochs": text(parameter("Epochs")),
        "learning_rate": text(parameter("LearningRate")),
        "train_batch_size": text(parameter("TrainBatchSize")),
        "validation_batch_size": text(parameter("ValidationBatchSize")),
        "train_steps_per_epoch": text(parameter("TrainStepsPerEpoch")),
        "validation_steps_per_epoch": text(parameter("ValidationStepsPerEpoch")),
        "freeze_bert_layer": parameter("FreezeBertLayer"),
        "run_validation": parameter("RunValidation"),
        "balance_dataset": parameter("BalanceDataset"),
        "imbalance": parameter("ImbalanceStrategy"),
        "focal_gamma": text(parameter("FocalGamma")),
        "logit_adjustment_tau": text(parameter("LogitAdjustmentTau")),
        "tune_thresholds": parameter("TuneThresholds"),
        "overfit_check": parameter("OverfitCheck"),
        "seed": text(parameter("Seed")),
    }


def _channels() -> list[Json]:
    return [
        _channel("train", output_of(prepare.NAME, "train")),
        _channel("validation", output_of(prepare.NAME, "validation")),
        # Read at random and more than once, so never streamed.
        {**_channel("encoder", parameter("EncoderUri")), "InputMode": "File"},
        {**_channel("contract", parameter("ContractUri")), "InputMode": "File"},
    ]


def _channel(name: str, uri: Json) -> Json:
    return {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }


def _machines(inputs: DefinitionInputs) -> Json:
    machines: Json = {
        "InstanceCount": parameter("TrainInstanceCount"),
        "InstanceType": parameter("TrainInstanceType"),
        "VolumeSizeInGB": parameter("TrainVolumeSize"),
    }
    # Local disks take no customer key; a start may choose among types of the default's kind only.
    keyed = takes_volume_key(inputs.settings.training.instance_type)
    return {**machines, "VolumeKmsKeyId": inputs.key_arn} if keyed else machines
