"""Settings are read whole or refused with the file, the key and the reason."""

from pathlib import Path
from typing import Any

import pytest

from infra.settings import ROOT, SettingsError, load_settings


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write dev.toml with some of its text replaced."""
    text = (ROOT / "config" / "dev.toml").read_text()
    for old, new in changes:
        assert old in text, f"config/dev.toml no longer has {old!r}"
        text = text.replace(old, new)
    (folder / "dev.toml").write_text(text)
    return folder


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_every_environment_has_settings(environment: str) -> None:
    settings = load_settings(environment)
    assert settings.environment == environment
    assert settings.contract_path.is_file()
    assert settings.tags["environment"] == environment


def test_only_dev_may_lose_its_data() -> None:
    removal = {name: load_settings(name).operations.removal for name in ("dev", "staging", "prod")}
    assert removal == {"dev": "destroy", "staging": "retain", "prod": "retain"}


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ("[serving]", "[serving]\ncolour = 1", "serving.colour", "unknown key"),
        ("epochs = 3", 'epochs = "3"', "hyperparameters.epochs", "valid integer"),
        ("epochs = 3", "epochs = 0", "hyperparameters.epochs", "greater than or equal to 1 (found 0)"),
        ("epochs = 3\n", "", "hyperparameters.epochs", "Field required"),
        ("seed = 42", "seed = true", "hyperparameters.seed", "valid integer"),
        ("min_accuracy = 0.70", "min_accuracy = 1.5", "gate.min_accuracy", "less than or equal to 1"),
        ('"ml.m5.large"', '"m5.large"', "serving.instance_type", "match pattern"),
        ('"ml.m5.large"', '"ml.m6g.large"', "serving.instance_type", "ARM processors"),
        ('"ml.g5.xlarge"', '"ml.g5g.xlarge"', "training.instance_type", "ARM processors"),
        ("log_retention_days = 14", "log_retention_days = 15", "operations.log_retention_days", "Input"),
        ('offline_prefix = "features"', 'offline_prefix = "raw"', "features.offline_prefix", "match pattern"),
        ("max_seq_length = 0 ", "max_seq_length = 7 ", "features.max_seq_length", "0, which chooses"),
        ("max_seq_length = 0 ", "max_seq_length = 513 ", "features.max_seq_length", "8 to 512 tokens"),
        ('truncation = "Head"', 'truncation = "Tail"', "features.truncation", "'Head' or 'HeadTail'"),
        ("train_split = 0.8", "train_split = 0.7", "features", "must be 1, not 0.9"),
        ('region = "us-east-1"', 'region = "virginia"', "region", "match pattern"),
        ('run_validation = "True"', "run_validation = true", "hyperparameters.run_validation", "'True'"),
        ("amazon-snippets.toml", "nowhere.toml", "contract", "there is no file"),
        ('environment = "dev"\n# acc', 'environment = "prod"\n# acc', "environment", "must be 'dev'"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(tmp_path: Path, old: str, new: str, key: str, reason: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings("dev", directory=written(tmp_path, (old, new)))
    assert f"{tmp_path / 'dev.toml'}: {key}: " in str(caught.value)
    assert reason in str(caught.value)


def test_all_wrong_values_are_named_at_once(tmp_path: Path) -> None:
    folder = written(tmp_path, ("epochs = 3", "epochs = 0"), ("volume_gb = 50", "volume_gb = 1"))
    with pytest.raises(SettingsError) as caught:
        load_settings("dev", directory=folder)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "training.volume_gb",
        "hyperparameters.epochs",
    ]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"dev\.toml: the settings file is missing"):
        load_settings("dev", directory=tmp_path)


@pytest.mark.parametrize("content", [b"region = ", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "dev.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"dev\.toml: not valid TOML"):
        load_settings("dev", directory=tmp_path)


@pytest.mark.parametrize("name", ["test", "", "../dev"])
def test_an_unknown_environment_is_refused_before_any_file_is_read(name: Any) -> None:
    with pytest.raises(SettingsError, match="choose one of dev, staging, prod"):
        load_settings(name, directory=Path("/nowhere"))
