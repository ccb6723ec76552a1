"""A parameter given at the start of a run reaches the job; in the labs the defaults of the notebook do."""

import pytest

from infra.training.definition import build_definition
from infra.training.inputs import DefinitionInputs
from tests.parity import lab
from tests.unit.infra.conftest import definition_inputs
from tests.unit.infra.training.pipeline import given, step

__all__ = ["definition_inputs"]  # a fixture

DATA_PARAMETERS = {
    "MaxSeqLength": ("--max-seq-length", 256),
    "TrainSplitPercentage": ("--train-split-percentage", 0.7),
    "ValidationSplitPercentage": ("--validation-split-percentage", 0.25),
    "TestSplitPercentage": ("--test-split-percentage", 0.15),
    "Seed": ("--seed", 7),
    "FeatureGroupName": ("--feature-group-name", "another-group"),
}


def argument(arguments: list[str], name: str) -> str:
    return arguments[arguments.index(name) + 1]


def test_the_labs_jobs_get_the_defaults_whatever_a_run_is_given() -> None:
    maximum = lab.Parameter("max-seq-length", 128)
    written = lab.job_arguments([maximum])  # when the pipeline is made; a start can no longer reach it
    maximum.default_value = 256
    assert argument(written, "--max-seq-length") == "128"


@pytest.mark.parametrize("name", DATA_PARAMETERS)
def test_our_jobs_get_what_a_run_is_given(definition_inputs: DefinitionInputs, name: str) -> None:
    flag, value = DATA_PARAMETERS[name]
    definition = build_definition(definition_inputs)

    def prepared(values: dict[str, object]) -> str:
        arguments = step(given(definition, values), "Prepare")["Arguments"]
        return argument(arguments["AppSpecification"]["ContainerArguments"], flag)

    assert prepared({name: value}) == str(value)
    assert prepared({}) != str(value)
