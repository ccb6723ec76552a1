"""Acceptance: the real CDK command line bootstraps, deploys, finds nothing to do, and destroys."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bertline import deployment, platform, teardown
from bertline.errors import NotDeployed

from . import cloud

pytestmark = [pytest.mark.e2e, pytest.mark.cdk_cli]


@pytest.fixture(autouse=True)
def quick_synth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDK_VALIDATION", "false")


def test_bootstrap_deploy_again_and_destroy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bertline.processes.LOGS", tmp_path / "logs")
    with cloud.running(tmp_path / "home") as target:
        deployment.bootstrap(target, "dev", on_line=lambda line: None)
        deployment.deploy(target, "dev", on_line=lambda line: None)
        place = platform.find(target, "dev")
        assert (
            target.client("sagemaker").describe_pipeline(PipelineName=place.pipeline)["PipelineStatus"]
            == "Active"
        )
        assert target.client("s3").get_bucket_versioning(Bucket=place.raw_bucket)["Status"] == "Enabled"
        lines: list[str] = []
        deployment.deploy(target, "dev", on_line=lines.append)
        assert sum("(no changes)" in line for line in lines) == 5, lines
        teardown.stop_serving(target, "dev")
        teardown.delete_models_and_objects(target, "dev")
        deployment.destroy(target, "dev", on_line=lambda line: None)
        teardown.delete_feature_group(target, "dev")
        with pytest.raises(NotDeployed):
            platform.find(target, "dev")


def test_synth_through_the_command_needs_no_credentials(tmp_path: Path) -> None:
    """`python -m bertline synth` in an environment without any AWS variable or file."""
    bare = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    bare.update(
        AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true"
    )
    done = subprocess.run(
        [sys.executable, "-m", "bertline", "synth"],
        cwd=cloud.ROOT,
        env=bare,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
