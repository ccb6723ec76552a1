"""A folder that passes for a container."""

import json
import sys
from pathlib import Path

import pytest

from local_cloud.sagemaker.jobs.container import Container


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path, "algo-1", 1)


@pytest.mark.parametrize(
    ("given", "moved"),
    [
        ("/opt/ml", "{ml}"),
        ("/opt/ml/processing/input", "{ml}/processing/input"),
        ("--dir=/opt/ml/x", "--dir={ml}/x"),
        ("cd /opt/ml/a && tar xf '/opt/ml/b'; ls /opt/ml", "cd {ml}/a && tar xf '{ml}/b'; ls {ml}"),
        ("s3://bucket/opt/ml/x", "s3://bucket/opt/ml/x"),
        ("/opt/mlflow/x", "/opt/mlflow/x"),
        ("/data/opt/ml", "/data/opt/ml"),
        ("/opt/ml-old", "/opt/ml-old"),
    ],
)
def test_only_paths_of_the_container_move(container: Container, given: str, moved: str) -> None:
    assert container.localize({"a": [given, 3]}) == {"a": [moved.format(ml=container.ml), 3]}


def test_a_path_of_the_container_lies_below_its_root(container: Container) -> None:
    assert container.path("/opt/ml/model") == container.ml / "model"
    container.write_json("opt/ml/config/x.json", {"a": 1})
    assert json.loads((container.ml / "config" / "x.json").read_text()) == {"a": 1}


def test_the_environment_holds_nothing_of_the_server(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "SM_MODEL_DIR", "PYTHONPATH", "GATEWAY_PORT", "SECRET_TOKEN"):
        monkeypatch.setenv(name, "leaked")
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    found = container.environment({"AWS_REGION": "r"}, {"CACHE": "/opt/ml/cache", "AWS_REGION": "own"})
    assert "leaked" not in found.values()
    assert found["PATH"].split(":")[0] == str(Path(sys.executable).parent)
    assert found["LC_ALL"] == "C.UTF-8"
    assert found["CACHE"] == str(container.ml / "cache")
    assert found["AWS_REGION"] == "own"
    assert Path(found["TMPDIR"]).is_dir()
    assert Path(found["TMPDIR"]).is_relative_to(container.root)
