"""The parameters of the pipeline: names, types and defaults at `start-pipeline-execution`."""

from typing import Literal

from infra.constructs.instances import alternatives
from infra.training.expressions import Json
from infra.training.inputs import DefinitionInputs

ParameterType = Literal["String", "Integer", "Float"]
FEATURES_OF_THIS_RUN = "run"
STRATEGIES = ("None", "ClassWeights", "LogitAdjustment", "FocalLoss", "Resample")


def _declare(
    name: str, kind: ParameterType, default: str | int | float | None, choices: tuple[str, ...] = ()
) -> Json:
    declared: Json = {"Name": name, "Type": kind}
    if default is not None:
        declared["DefaultValue"] = default
    return {**declared, "EnumValues": list(choices)} if choices else declared


def _declare_machine(name: str, default: str) -> Json:
    return _declare(name, "String", default, alternatives(default))


def parameters(inputs: DefinitionInputs) -> list[Json]:
    """Declare every parameter, with the defaults of the environment's settings."""
    return [*_data(inputs), *_features(inputs), *_training(inputs), *_release(inputs)]


def _data(inputs: DefinitionInputs) -> list[Json]:
    # Uploads lie at addresses that name their content. A default could only name a place whose content
    # changes, unseen by the step cache: SageMaker asks for these two at every start.
    return [
        _declare("InputData", "String", None),
        _declare("EncoderUri", "String", None),
        _declare("ContractUri", "String", inputs.contract_uri),
    ]


def _features(inputs: DefinitionInputs) -> list[Json]:
    features, processing = inputs.settings.features, inputs.settings.processing
    return [
        _declare("ProcessingInstanceCount", "Integer", processing.instance_count),
        _declare_machine("ProcessingInstanceType", processing.instance_type),
        _declare("MaxSeqLength", "Integer", features.max_seq_length),
        _declare("Truncation", "String", features.truncation, ("Head", "HeadTail")),
        _declare(
            "BalanceDataset", "String", inputs.settings.hyperparameters.balance_dataset, ("True", "False")
        ),
        _declare("TrainSplitPercentage", "Float", features.train_split),
        _declare("ValidationSplitPercentage", "Float", features.validation_split),
        _declare("TestSplitPercentage", "Float", features.test_split),
        _declare("SplitProtocol", "String", features.split_protocol, ("Hash", "Course")),
        _declare("FeaturesAsOf", "String", FEATURES_OF_THIS_RUN),
        _declare("FeatureStoreOfflinePrefix", "String", features.offline_prefix),
        _declare("FeatureGroupName", "String", inputs.feature_group),
    ]


def _training(inputs: DefinitionInputs) -> list[Json]:
    values, machines = inputs.settings.hyperparameters, inputs.settings.training
    return [
        _declare("Epochs", "Integer", values.epochs),
        _declare("LearningRate", "Float", values.learning_rate),
        _declare("TrainBatchSize", "Integer", values.train_batch_size),
        _declare("TrainStepsPerEpoch", "Integer", values.train_steps_per_epoch),
        _declare("ValidationBatchSize", "Integer", values.validation_batch_size),
        _declare("ValidationStepsPerEpoch", "Integer", values.validation_steps_per_epoch),
        _declare("FreezeBertLayer", "String", values.freeze_bert_layer, ("True", "False")),
        _declare("ImbalanceStrategy", "String", values.imbalance, STRATEGIES),
        _declare("FocalGamma", "Float", values.focal_gamma),
        _declare("LogitAdjustmentTau", "Float", values.logit_adjustment_tau),
        _declare("TuneThresholds", "String", values.tune_thresholds, ("True", "False")),
        _declare("OverfitCheck", "String", values.overfit_check, ("True", "False")),
        _declare("Seed", "Integer", values.seed),
        _declare("TrainInstanceCount", "Integer", machines.instance_count),
        _declare_machine("TrainInstanceType", machines.instance_type),
        _declare("TrainVolumeSize", "Integer", machines.volume_gb),
        _declare("InputMode", "String", machines.input_mode, ("File", "FastFile")),
        _declare("RunValidation", "String", values.run_validation, ("True", "False")),
    ]


def _release(inputs: DefinitionInputs) -> list[Json]:
    gate, serving = inputs.settings.gate, inputs.settings.serving
    statuses = ("PendingManualApproval", "Approved", "Rejected")
    return [
        _declare("MinAccuracyValue", "Float", gate.min_accuracy),
        _declare("ModelApprovalStatus", "String", gate.approval_status, statuses),
        _declare("DeployInstanceType", "String", serving.instance_type),
        _declare("DeployInstanceCount", "Integer", serving.instance_count),
    ]
