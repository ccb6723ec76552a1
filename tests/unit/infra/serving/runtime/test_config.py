"""The functions read their settings from the environment or say which one is wrong."""

import pytest

from infra.serving.runtime.config import Config
from infra.serving.runtime.errors import ConfigurationError
from tests.unit.infra.serving.runtime.conftest import VARIABLES


def test_settings_are_read(config: Config) -> None:
    assert config.endpoint == "bertline-dev"
    assert config.instance_count == 1
    assert config.local_storage_families == {"g5", "m5d"}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Config.from_environment({key: value for key, value in VARIABLES.items() if key != name})


@pytest.mark.parametrize("value", ["0", "-1", "two"])
def test_a_wrong_count_is_named(value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"INSTANCE_COUNT must be a positive number, not '{value}'"):
        Config.from_environment({**VARIABLES, "INSTANCE_COUNT": value})


@pytest.mark.parametrize(("instance_type", "keyed"), [("ml.m5.large", True), ("ml.g5.xlarge", False)])
def test_local_disks_get_no_key(config: Config, instance_type: str, keyed: bool) -> None:
    assert config.volume_key_for(instance_type) == (VARIABLES["VOLUME_KEY_ARN"] if keyed else None)
