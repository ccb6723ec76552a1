"""Synthesis needs nothing but the repository and always gives the same bytes."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.settings import ROOT, SettingsError
from tests.unit.infra.synthesis import Assembly, build


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def run_app(outdir: Path, **context: str) -> subprocess.CompletedProcess[str]:
    """Run `python app.py` as the CDK CLI would, in an environment without AWS credentials or settings."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "BERTLINE_", "CDK_"))
    }
    given = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_OUTDIR": str(outdir),
        "CDK_VALIDATION": "false",
        "CDK_CONTEXT_JSON": json.dumps(context),
    }
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=kept | given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_another_process_without_credentials_gives_the_same_bytes(prod: Assembly, tmp_path: Path) -> None:
    answer = run_app(tmp_path / "out", env="prod")
    assert answer.returncode == 0, answer.stderr
    assert digests(tmp_path / "out") == digests(prod.folder)


def test_a_second_synthesis_gives_the_same_bytes(dev: Assembly, tmp_path: Path) -> None:
    build("dev", outdir=tmp_path).synth()
    assert digests(tmp_path) == digests(dev.folder)


def test_a_wrong_environment_ends_the_app_with_one_line(tmp_path: Path) -> None:
    answer = run_app(tmp_path, env="test")
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == (
        "environment 'test' is unknown: choose one of dev, staging, prod"
    )


def test_nothing_is_looked_up_in_an_account(dev: Assembly) -> None:
    assert "missing" not in dev.manifest()


def test_no_path_of_this_machine_is_in_the_assembly(dev: Assembly) -> None:
    for path in dev.folder.rglob("*.json"):
        assert str(ROOT) not in path.read_text()


def test_the_environment_variable_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTLINE_ENV", "nowhere")
    with pytest.raises(SettingsError, match="'nowhere'"):
        build()
    assert build("dev").node.try_find_child("bertline-dev-data")


def test_the_default_is_dev(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BERTLINE_ENV", raising=False)
    assert build().node.try_find_child("bertline-dev-data")
