"""What makes two runs of a step the same, and how long a result counts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_cloud.sagemaker.pipelines.cache import CacheConfig, duration, key_of, parse_config
from local_cloud.sagemaker.pipelines.errors import DefinitionError


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("P30D", timedelta(days=30)),
        ("PT1H", timedelta(hours=1)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("P1Y2M1W", timedelta(days=365 + 60 + 7)),
        ("30d", timedelta(days=30)),
        ("T16m", timedelta(minutes=16)),
        ("30dT5h", timedelta(days=30, hours=5)),
        ("p30d", timedelta(days=30)),
    ],
)
def test_durations(written: str, span: timedelta) -> None:
    assert duration(written, "S") == span


@pytest.mark.parametrize("written", ["30", "P", "PT", "T", "P1H", "1 day", ""])
def test_what_is_no_duration_is_refused(written: str) -> None:
    with pytest.raises(DefinitionError, match="step 'S'"):
        duration(written, "S")


def test_a_result_counts_until_it_expires() -> None:
    ended = datetime(2026, 1, 1, tzinfo=UTC)
    config = parse_config({"Enabled": True, "ExpireAfter": "PT1H"}, "S")
    assert config == CacheConfig(True, timedelta(hours=1))
    assert config.accepts(ended, ended + timedelta(hours=1))
    assert not config.accepts(ended, ended + timedelta(hours=1, seconds=1))
    assert CacheConfig(True, None).accepts(ended, ended + timedelta(days=9999))
    assert parse_config(None, "S") is None


def _key(type_: str, **arguments: Any) -> str | None:
    return key_of("arn", "S", type_, arguments)


def test_processing_compares_code_environment_and_inputs_only() -> None:
    base = {"AppSpecification": {"ImageUri": "i"}, "ProcessingInputs": [{"InputName": "a"}]}
    same = _key("Processing", **base, ProcessingResources=1, ProcessingOutputConfig=1, RoleArn="r")
    assert _key("Processing", **base) == same
    for changed in (
        {"AppSpecification": {"ImageUri": "j"}},
        {"Environment": {"A": "1"}},
        {"ProcessingInputs": []},
    ):
        assert _key("Processing", **{**base, **changed}) != same


def test_training_compares_algorithm_hyperparameters_and_channels() -> None:
    base = {"HyperParameters": {"epochs": "1"}, "InputDataConfig": []}
    assert _key("Training", **base) == _key("Training", **base, OutputDataConfig=1, ResourceConfig=2)
    assert _key("Training", **base) != _key("Training", **{**base, "HyperParameters": {"epochs": "2"}})


def test_name_type_and_pipeline_count_and_other_types_are_never_cached() -> None:
    keys = {key_of("arn", "A", "Processing", {}), key_of("arn", "B", "Processing", {})}
    keys |= {key_of("arn", "A", "Training", {}), key_of("other", "A", "Processing", {})}
    assert len(keys) == 4
    assert _key("RegisterModel") is None
    assert _key("Lambda") is None
    assert _key("Callback") is None


def test_tuning_compares_some_members_of_its_training_jobs_only() -> None:
    base = {"HyperParameterTuningJobConfig": {"Strategy": "Grid"}}
    job = {"StaticHyperParameters": {"epochs": "1"}, "RoleArn": "r"}
    same = _key("Tuning", **base, TrainingJobDefinition=job)
    assert same == _key("Tuning", **base, TrainingJobDefinition={**job, "RoleArn": "other"}, Tags=[])
    for changed in ({"HyperParameterRanges": {}}, {"StaticHyperParameters": {}}, {"InputDataConfig": []}):
        assert _key("Tuning", **base, TrainingJobDefinition={**job, **changed}) != same
    assert _key("Tuning", **base, TrainingJobDefinitions=[job]) != same


def test_transform_compares_model_and_input() -> None:
    base = {"ModelName": "m", "TransformInput": {"DataSource": 1}}
    same = _key("Transform", **base, TransformOutput=1, TransformResources=2)
    assert _key("Transform", **base) == same
    for changed in ({"ModelName": "n"}, {"TransformInput": {}}, {"DataProcessing": {}}, {"Environment": {}}):
        assert _key("Transform", **{**base, **changed}) != same
