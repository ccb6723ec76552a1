"""The chain of jobs, run once on a tiny world; tests that change something take a copy."""

import os
import shutil
from pathlib import Path

import pytest

from tests.unit.pipeline_code.workspace import Workspace

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Everything up to Prepare and Baselines. Read only."""
    workspace = Workspace(tmp_path_factory.mktemp("prepared")).fill()
    workspace.validate()
    workspace.prepare()
    workspace.baselines()
    return workspace


@pytest.fixture(scope="session")
def trained(prepared: Workspace) -> Workspace:
    """The chain with a trained and packed model. Read only."""
    prepared.pack(prepared.train("epochs", "6"))
    return prepared


@pytest.fixture(scope="session")
def evaluated(trained: Workspace) -> Path:
    """The output of Evaluate. Read only."""
    return trained.evaluate()


@pytest.fixture
def copy(prepared: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the prepared world to change."""
    shutil.copytree(prepared.root, tmp_path / "copy")
    return Workspace(tmp_path / "copy")
