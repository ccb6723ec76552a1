"""Every parameter is declared with its type and default, and what is given at a start reaches the job."""

import json
from dataclasses import replace
from typing import Any

import pytest

from infra.constructs.instances import takes_volume_key
from infra.training.definition import build_definition
from infra.training.inputs import DefinitionInputs
from tests.unit.infra.training.pipeline import TRAIN, given, step

PARAMETERS: dict[str, tuple[str, Any]] = {
    "InputData": ("String", None),
    "ProcessingInstanceCount": ("Integer", 1),
    "ProcessingInstanceType": ("String", "ml.m5.xlarge"),
    "MaxSeqLength": ("Integer", 0),
    "Truncation": ("String", "Head"),
    "BalanceDataset": ("String", "False"),
    "TrainSplitPercentage": ("Float", 0.8),
    "ValidationSplitPercentage": ("Float", 0.1),
    "TestSplitPercentage": ("Float", 0.1),
    "SplitProtocol": ("String", "Hash"),
    "FeaturesAsOf": ("String", "run"),
    "FeatureStoreOfflinePrefix": ("String", "features"),
    "FeatureGroupName": ("String", "bertline-dev-reviews"),
    "Epochs": ("Integer", 3),
    "LearningRate": ("Float", 1e-4),
    "TrainBatchSize": ("Integer", 32),
    "TrainStepsPerEpoch": ("Integer", 0),
    "ValidationBatchSize": ("Integer", 64),
    "ValidationStepsPerEpoch": ("Integer", 0),
    "FreezeBertLayer": ("String", "False"),
    "ImbalanceStrategy": ("String", "None"),
    "FocalGamma": ("Float", 2.0),
    "LogitAdjustmentTau": ("Float", 1.0),
    "TuneThresholds": ("String", "False"),
    "OverfitCheck": ("String", "True"),
    "Seed": ("Integer", 42),
    "TrainInstanceCount": ("Integer", 1),
    "TrainInstanceType": ("String", "ml.g5.xlarge"),
    "TrainVolumeSize": ("Integer", 50),
    "InputMode": ("String", "File"),
    "RunValidation": ("String", "True"),
    "MinAccuracyValue": ("Float", 0.7),
    "ModelApprovalStatus": ("String", "PendingManualApproval"),
    "DeployInstanceType": ("String", "ml.m5.large"),
    "DeployInstanceCount": ("Integer", 1),
    "EncoderUri": ("String", None),
    "ContractUri": ("String", "s3://assets/4567.toml"),
}
MACHINES = ["ProcessingInstanceType", "TrainInstanceType"]
CHOICES = {
    "InputMode": ["File", "FastFile"],
    "ModelApprovalStatus": ["PendingManualApproval", "Approved", "Rejected"],
    "Truncation": ["Head", "HeadTail"],
    "SplitProtocol": ["Hash", "Course"],
    "BalanceDataset": ["True", "False"],
    "FreezeBertLayer": ["True", "False"],
    "RunValidation": ["True", "False"],
    "ImbalanceStrategy": ["None", "ClassWeights", "LogitAdjustment", "FocalLoss", "Resample"],
    "TuneThresholds": ["True", "False"],
    "OverfitCheck": ["True", "False"],
}


def argument(job: str, name: str) -> Any:
    return lambda d: _after(step(d, job)["Arguments"]["AppSpecification"]["ContainerArguments"], name)


def _after(words: list[Any], name: str) -> Any:
    return words[words.index(name) + 1]


def input_uri(job: str, name: str) -> Any:
    return lambda d: next(
        one["S3Input"]["S3Uri"]
        for one in step(d, job)["Arguments"]["ProcessingInputs"]
        if one["InputName"] == name
    )


def output_uri(job: str, name: str) -> Any:
    return lambda d: next(
        one["S3Output"]["S3Uri"]
        for one in step(d, job)["Arguments"]["ProcessingOutputConfig"]["Outputs"]
        if one["OutputName"] == name
    )


def cluster(job: str, key: str) -> Any:
    return lambda d: step(d, job)["Arguments"]["ProcessingResources"]["ClusterConfig"][key]


def hyperparameter(name: str) -> Any:
    return lambda d: step(d, TRAIN)["Arguments"]["HyperParameters"][name]


def train(*path: str) -> Any:
    def find(definition: Any) -> Any:
        found = step(definition, TRAIN)["Arguments"]
        for key in path:
            found = found[key]
        return found

    return find


def channel(name: str) -> Any:
    return lambda d: next(
        one["DataSource"]["S3DataSource"]["S3Uri"]
        for one in step(d, TRAIN)["Arguments"]["InputDataConfig"]
        if one["ChannelName"] == name
    )


def register(*path: Any) -> Any:
    def find(definition: Any) -> Any:
        found = step(definition, "Register")["Arguments"]
        for key in path:
            found = found[key]
        return found

    return find


JOBS = ["Validate", "Prepare", "Baselines", "Evaluate"]
TIME = "2026-11-24T10:00:00.000Z"
SHAPING = ["Validate", "Prepare"]  # they split rows and cut texts alike
# parameter, value at the start, where it must arrive, what must arrive
ARRIVALS = [
    ("InputData", "s3://mine/x", input_uri("Validate", "raw"), "s3://mine/x"),
    ("ProcessingInstanceCount", 3, cluster("Prepare", "InstanceCount"), 3),
    *[("ProcessingInstanceType", "ml.r5.large", cluster(job, "InstanceType"), "ml.r5.large") for job in JOBS],
    *[("MaxSeqLength", 64, argument(job, "--max-seq-length"), "64") for job in SHAPING],
    *[("Truncation", "HeadTail", argument(job, "--truncation"), "HeadTail") for job in SHAPING],
    ("BalanceDataset", "True", hyperparameter("balance_dataset"), "True"),
    *[("TrainSplitPercentage", 0.7, argument(job, "--train-split-percentage"), "0.7") for job in SHAPING],
    *[
        ("ValidationSplitPercentage", 0.2, argument(job, "--validation-split-percentage"), "0.2")
        for job in SHAPING
    ],
    *[("TestSplitPercentage", 0.2, argument(job, "--test-split-percentage"), "0.2") for job in SHAPING],
    *[("SplitProtocol", "Course", argument(job, "--split-protocol"), "Course") for job in SHAPING],
    ("FeaturesAsOf", TIME, argument("Prepare", "--features-as-of"), TIME),
    ("FeatureStoreOfflinePrefix", "features/x", output_uri("Prepare", "train"), "s3://artifacts/features/x/run/train"),
    ("FeatureStoreOfflinePrefix", "features/x", output_uri("Prepare", "test"), "s3://artifacts/features/x/run/test"),
    ("FeatureGroupName", "bertline-dev-x", argument("Prepare", "--feature-group-name"), "bertline-dev-x"),
    ("Epochs", 7, hyperparameter("epochs"), "7"),
    ("LearningRate", 3e-05, hyperparameter("learning_rate"), "3e-05"),
    ("TrainBatchSize", 8, hyperparameter("train_batch_size"), "8"),
    ("TrainStepsPerEpoch", 9, hyperparameter("train_steps_per_epoch"), "9"),
    ("ValidationBatchSize", 10, hyperparameter("validation_batch_size"), "10"),
    ("ValidationStepsPerEpoch", 11, hyperparameter("validation_steps_per_epoch"), "11"),
    ("FreezeBertLayer", "True", hyperparameter("freeze_bert_layer"), "True"),
    ("ImbalanceStrategy", "Resample", hyperparameter("imbalance"), "Resample"),
    ("FocalGamma", 1.5, hyperparameter("focal_gamma"), "1.5"),
    ("LogitAdjustmentTau", 0.5, hyperparameter("logit_adjustment_tau"), "0.5"),
    ("TuneThresholds", "True", hyperparameter("tune_thresholds"), "True"),
    ("OverfitCheck", "False", hyperparameter("overfit_check"), "False"),
    ("Seed", 12, hyperparameter("seed"), "12"),
    *[("Seed", 12, argument(job, "--seed"), "12") for job in [*SHAPING, "Baselines", "Evaluate"]],
    ("TrainInstanceCount", 2, train("ResourceConfig", "InstanceCount"), 2),
    ("TrainInstanceType", "ml.g5.2xlarge", train("ResourceConfig", "InstanceType"), "ml.g5.2xlarge"),
    ("TrainVolumeSize", 99, train("ResourceConfig", "VolumeSizeInGB"), 99),
    ("InputMode", "FastFile", train("AlgorithmSpecification", "TrainingInputMode"), "FastFile"),
    ("RunValidation", "False", hyperparameter("run_validation"), "False"),
    ("MinAccuracyValue", 0.9, argument("Evaluate", "--min-accuracy"), "0.9"),
    ("MinAccuracyValue", 0.9, lambda d: step(d, "Gate")["Arguments"]["Conditions"][1]["RightValue"], 0.9),
    ("ModelApprovalStatus", "Approved", register("ModelApprovalStatus"), "Approved"),
    (
        "DeployInstanceType",
        "ml.c5.large",
        register("InferenceSpecification", "SupportedRealtimeInferenceInstanceTypes"),
        ["ml.c5.large"],
    ),
    (
        "DeployInstanceType",
        "ml.c5.large",
        register("CustomerMetadataProperties", "DeployInstanceType"),
        "ml.c5.large",
    ),
    ("DeployInstanceType", "ml.c5.large", argument("Evaluate", "--deploy-instance-type"), "ml.c5.large"),
    ("DeployInstanceCount", 4, register("CustomerMetadataProperties", "DeployInstanceCount"), "4"),
    *[("EncoderUri", "s3://mine/e", input_uri(job, "encoder"), "s3://mine/e") for job in SHAPING],
    ("EncoderUri", "s3://mine/e", channel("encoder"), "s3://mine/e"),
    *[("ContractUri", "s3://mine/c", input_uri(job, "contract"), "s3://mine/c") for job in JOBS],
    ("ContractUri", "s3://mine/c", channel("contract"), "s3://mine/c"),
    ("ContractUri", "s3://mine/c", lambda d: step(d, "LiveModel")["Arguments"]["ContractUri"], "s3://mine/c"),
]  # fmt: skip


def test_types_and_defaults(definition_inputs: DefinitionInputs) -> None:
    declared = build_definition(definition_inputs)["Parameters"]
    assert {one["Name"]: (one["Type"], one.get("DefaultValue")) for one in declared} == PARAMETERS
    assert not [one["Name"] for one in declared if "DefaultValue" in one and one["DefaultValue"] is None]
    assert len(declared) == len(PARAMETERS) == 37


def test_choices_are_limited(definition_inputs: DefinitionInputs) -> None:
    declared = build_definition(definition_inputs)["Parameters"]
    choices = {one["Name"]: one["EnumValues"] for one in declared if "EnumValues" in one}
    machines = {name: choices.pop(name) for name in MACHINES}
    assert choices == CHOICES
    assert {name: values[0] for name, values in machines.items()} == {
        "ProcessingInstanceType": "ml.m5.xlarge",
        "TrainInstanceType": "ml.g5.xlarge",
    }


@pytest.mark.parametrize("default", ["ml.m5.xlarge", "ml.g5.xlarge", "ml.p4d.24xlarge"])
@pytest.mark.parametrize("name", MACHINES)
def test_no_choice_of_a_machine_changes_whether_volumes_take_the_key(
    definition_inputs: DefinitionInputs, name: str, default: str
) -> None:
    settings = definition_inputs.settings
    changed = settings.model_copy(
        update={
            "processing": settings.processing.model_copy(update={"instance_type": default}),
            "training": settings.training.model_copy(update={"instance_type": default}),
        }
    )
    definition = build_definition(replace(definition_inputs, settings=changed))
    (choices,) = [one["EnumValues"] for one in definition["Parameters"] if one["Name"] == name]
    prepare = step(definition, "Prepare")["Arguments"]["ProcessingResources"]
    training = step(definition, TRAIN)["Arguments"]
    resources = prepare["ClusterConfig"] if name == "ProcessingInstanceType" else training["ResourceConfig"]
    assert choices[0] == default
    assert len(choices) == len(set(choices)) > 10
    assert {takes_volume_key(choice) for choice in choices} == {"VolumeKmsKeyId" in resources}


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_is_used(definition_inputs: DefinitionInputs, name: str) -> None:
    assert f'"Parameters.{name}"' in json.dumps(build_definition(definition_inputs)["Steps"])
    assert name in {arrival[0] for arrival in ARRIVALS}, f"no test shows where {name} arrives"


@pytest.mark.parametrize(
    ("name", "value", "where", "expected"),
    ARRIVALS,
    ids=[f"{at}-{row[0]}" for at, row in enumerate(ARRIVALS)],
)
def test_a_value_given_at_the_start_arrives(
    definition_inputs: DefinitionInputs, name: str, value: Any, where: Any, expected: Any
) -> None:
    definition = build_definition(definition_inputs)
    assert where(given(definition, {name: value})) == expected
    assert where(given(definition, {})) != expected
