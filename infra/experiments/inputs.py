"""Everything the definition of the experiments' pipeline depends on."""

from dataclasses import dataclass

from infra.settings import Settings


@dataclass(frozen=True)
class ExperimentInputs:
    """Inputs of `build_definition`. Every string may be a CDK token.

    Parameters
    ----------
    role
        ARN of the job's role.
    code_uri, code_file
        S3 URI of the job code and the file name it has inside a job.
    artifact_uri
        S3 URI of the artifact bucket, without a slash at the end.
    contract_uri
        S3 URI of the data contract the deployment brought along.
    """

    settings: Settings
    region: str
    role: str
    code_uri: str
    code_file: str
    artifact_uri: str
    contract_uri: str
    key_arn: str
    job_image: str
