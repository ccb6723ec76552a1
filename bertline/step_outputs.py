"""Files that a processing step of an execution left, downloaded."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from botocore.exceptions import ClientError

from bertline.errors import MissingOutput
from bertline.paths import private_home
from bertline.target import Target
from bertline.watch import Execution

_GONE = ("404", "NoSuchKey")


@dataclass(frozen=True)
class StepOutput:
    """An output of a processing step, and how messages speak of it.

    Parameters
    ----------
    step, output
        Names in the pipeline's definition.
    content
        What it holds: an execution "has no <content>".
    purpose
        What it is for: "run the pipeline again to <purpose>".
    """

    step: str
    output: str
    content: str
    purpose: str


def download(
    target: Target, execution: Execution, wanted: StepOutput, files: Iterable[str], reports: Path
) -> Path:
    """Download files of a step's output to <reports>/<execution>/ and return that folder.

    Raises
    ------
    MissingOutput
        The step has not succeeded, has no such output, or left no such file.
    """
    name = name_of(execution)
    step = execution.step(wanted.step)
    if step.state != "Succeeded" or step.job is None:
        raise MissingOutput(f"execution {name} has no {wanted.content}: {wanted.step} is {step.state}")
    again = f"run the pipeline again to {wanted.purpose}"
    outputs = outputs_of(target, step.job)
    if wanted.output not in outputs:
        raise MissingOutput(f"{wanted.step} of execution {name} has no output {wanted.output}: {again}")
    place = urlparse(outputs[wanted.output])
    private_home()
    folder = reports / name
    folder.mkdir(parents=True, exist_ok=True)
    s3 = target.client("s3")
    for file in files:
        try:
            s3.download_file(place.netloc, f"{place.path.strip('/')}/{file}", str(folder / file))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            raise MissingOutput(f"execution {name} left no {file}: {again}") from None
    return folder


def name_of(execution: Execution) -> str:
    """The end of its ARN."""
    return execution.arn.rsplit("/", 1)[-1]


def outputs_of(target: Target, job: str) -> dict[str, str]:
    """S3 URIs of the outputs of a processing job, by name; `job` is its ARN."""
    found = target.client("sagemaker").describe_processing_job(ProcessingJobName=job.rsplit("/", 1)[1])
    return {o["OutputName"]: str(o["S3Output"]["S3Uri"]) for o in found["ProcessingOutputConfig"]["Outputs"]}
