"""One local cloud with the platform deployed, shared by the tests that only read or add to it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from bertline import evaluation, watch
from bertline.platform import Platform
from bertline.runs import start
from bertline.target import Target
from bertline.watch import Execution

from . import cloud

REVIEWS = 120


@dataclass(frozen=True)
class Deployed:
    """The platform on a running local cloud; `inputs` are the parameters that point to the slice."""

    target: Target
    place: Platform
    inputs: dict[str, str]

    def run(self, **parameters: str) -> Execution:
        """Start the pipeline on the slice and wait for its end."""
        quick = {
            "Epochs": "2",
            "LearningRate": "2e-4",
            "MinAccuracyValue": "0.35",
            **self.inputs,
            **parameters,
        }
        return watch.wait(self.target, start(self.target, self.place, quick, "a test"))

    def outputs(self, execution: Execution, step: str, name: str) -> dict[str, bytes]:
        """What a processing step wrote to one of its outputs: contents by file name."""
        job = str(execution.step(step).job).rsplit("/", 1)[1]
        found = self.target.client("sagemaker").describe_processing_job(ProcessingJobName=job)
        (uri,) = (
            output["S3Output"]["S3Uri"]
            for output in found["ProcessingOutputConfig"]["Outputs"]
            if output["OutputName"] == name
        )
        place, s3 = urlparse(uri), self.target.client("s3")
        prefix = f"{place.path.strip('/')}/"
        listed = s3.list_objects_v2(Bucket=place.netloc, Prefix=prefix).get("Contents", [])
        return {
            item["Key"].removeprefix(prefix): s3.get_object(Bucket=place.netloc, Key=item["Key"])[
                "Body"
            ].read()
            for item in listed
        }

    def output(self, execution: Execution, step: str, name: str, file: str) -> Any:
        """A JSON file that a processing step wrote."""
        return json.loads(self.outputs(execution, step, name)[file])


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cloud.synthesise(tmp_path_factory.mktemp("cdk") / "cdk.out")


@pytest.fixture(scope="session", autouse=True)
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Reports that tests fetch do not land among the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "REPORTS", tmp_path_factory.mktemp("reports"))
        yield


@pytest.fixture(scope="session")
def deployed(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    home = tmp_path_factory.mktemp("cloud")
    with cloud.running(home) as target:
        place = cloud.deployed(home, assembly)
        inputs = cloud.upload_inputs(target, place, tmp_path_factory.mktemp("inputs"), REVIEWS)
        yield Deployed(target, place, inputs)
