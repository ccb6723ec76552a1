"""What changes the result of a step changes what SageMaker compares before it reuses an earlier one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from infra.training.definition import build_definition
from infra.training.inputs import DefinitionInputs
from tests.unit.infra.training.pipeline import Json, given, step

# Developer Guide, "Default cache key attributes by pipeline step type".
COMPARED = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": ("AlgorithmSpecification", "Environment", "HyperParameters", "InputDataConfig"),
}
CACHED = ["Validate", "Prepare", "Train", "Baselines", "Evaluate"]
# parameter, another value, the steps it changes by itself; the steps after them see other inputs.
CHANGES: list[tuple[str, Any, list[str]]] = [
    ("InputData", "s3://other", ["Validate"]),
    ("ContractUri", "s3://other", CACHED),
    ("EncoderUri", "s3://other", ["Validate", "Prepare", "Train"]),
    ("MaxSeqLength", 64, ["Validate", "Prepare"]),
    ("Truncation", "HeadTail", ["Validate", "Prepare"]),
    ("TrainSplitPercentage", 0.7, ["Validate", "Prepare"]),
    ("ValidationSplitPercentage", 0.2, ["Validate", "Prepare"]),
    ("TestSplitPercentage", 0.2, ["Validate", "Prepare"]),
    ("SplitProtocol", "Course", ["Validate", "Prepare"]),
    ("FeaturesAsOf", "2026-11-24T10:00:00.000Z", ["Prepare"]),
    ("FeatureStoreOfflinePrefix", "features/x", ["Prepare"]),
    ("FeatureGroupName", "bertline-dev-x", ["Prepare"]),
    ("BalanceDataset", "True", ["Train"]),
    ("ImbalanceStrategy", "Resample", ["Train"]),
    ("FocalGamma", 1.5, ["Train"]),
    ("LogitAdjustmentTau", 0.5, ["Train"]),
    ("TuneThresholds", "True", ["Train"]),
    ("OverfitCheck", "False", ["Train"]),
    ("Epochs", 9, ["Train"]),
    ("LearningRate", 3e-5, ["Train"]),
    ("TrainBatchSize", 9, ["Train"]),
    ("TrainStepsPerEpoch", 9, ["Train"]),
    ("ValidationBatchSize", 9, ["Train"]),
    ("ValidationStepsPerEpoch", 9, ["Train"]),
    ("FreezeBertLayer", "True", ["Train"]),
    ("Seed", 9, CACHED),
    ("TrainInstanceCount", 2, ["Train"]),
    ("TrainInstanceType", "ml.g5.2xlarge", ["Train"]),
    ("InputMode", "FastFile", ["Train"]),
    ("RunValidation", "False", ["Train"]),
    ("MinAccuracyValue", 0.9, ["Evaluate"]),
    ("DeployInstanceType", "ml.c5.large", ["Evaluate"]),
    ("ProcessingInstanceType", "ml.m5.2xlarge", ["Evaluate"]),
]
WITHOUT_EFFECT = {
    "ProcessingInstanceCount": "every review is prepared by itself, whatever machine its file falls to",
    "TrainVolumeSize": "a disk is large enough or the job fails",
    "ModelApprovalStatus": "Register is never cached",
    "DeployInstanceCount": "Register is never cached",
}


def compared(definition: Json, values: Mapping[str, Any], name: str, live: str | None = None) -> Json:
    """The attributes of a step that SageMaker compares, in an execution whose steps ran at fixed places."""
    one = step(given(definition, values, live=live), name)
    return {key: one["Arguments"][key] for key in COMPARED[one["Type"]]}


def changed(definition: Json, values: Mapping[str, Any]) -> list[str]:
    before = {name: compared(definition, {}, name) for name in CACHED}
    return [name for name in CACHED if compared(definition, values, name) != before[name]]


@pytest.mark.parametrize(("name", "value", "steps"), CHANGES, ids=[row[0] for row in CHANGES])
def test_a_step_whose_result_changes_runs_again(
    definition_inputs: DefinitionInputs, name: str, value: Any, steps: list[str]
) -> None:
    assert set(steps) <= set(changed(build_definition(definition_inputs), {name: value}))


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_nothing_runs_again_for_what_changes_no_result(
    definition_inputs: DefinitionInputs, name: str
) -> None:
    assert changed(build_definition(definition_inputs), {name: 7}) == []


def test_every_parameter_is_judged(definition_inputs: DefinitionInputs) -> None:
    declared = [one["Name"] for one in build_definition(definition_inputs)["Parameters"]]
    assert sorted([row[0] for row in CHANGES] + list(WITHOUT_EFFECT)) == sorted(declared)


@pytest.mark.parametrize(
    ("before", "after"), [(None, "s3://a/1"), ("s3://a/1", "s3://a/2"), ("s3://a/1", None)]
)
def test_another_live_model_runs_baselines_again_and_nothing_before_them(
    definition_inputs: DefinitionInputs, before: str | None, after: str | None
) -> None:
    definition = build_definition(definition_inputs)
    changed_by = [
        name
        for name in CACHED
        if compared(definition, {}, name, before) != compared(definition, {}, name, after)
    ]
    assert changed_by == ["Baselines"]
    assert "CacheConfig" not in step(definition, "LiveModel")


def test_another_price_table_evaluates_again(definition_inputs: DefinitionInputs) -> None:
    definition, other = (
        build_definition(replace(definition_inputs, prices_uri=uri))
        for uri in ("s3://a/1.toml", "s3://a/2.toml")
    )
    changed_by = [name for name in CACHED if compared(definition, {}, name) != compared(other, {}, name)]
    assert changed_by == ["Evaluate"]


def test_other_code_runs_every_step_again(definition_inputs: DefinitionInputs) -> None:
    before, other = definition_inputs, replace(definition_inputs, code_uri="s3://assets/89ab.gz")
    for name in CACHED:
        first, second = (compared(build_definition(inputs), {}, name) for inputs in (before, other))
        assert first != second, name
