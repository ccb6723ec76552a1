"""Everything the pipeline definition depends on."""

from dataclasses import dataclass

from infra.settings import Settings


@dataclass(frozen=True)
class RoleArns:
    """The role of each job."""

    validate: str
    prepare: str
    baselines: str
    train: str
    evaluate: str


@dataclass(frozen=True)
class DefinitionInputs:
    """Inputs of `build_definition`. Every string may be a CDK token.

    Parameters
    ----------
    code_uri, code_file
        S3 URI of the job code and the file name it has inside a job.
    artifact_uri
        S3 URI of the artifact bucket, without a slash at the end.
    contract_uri, prices_uri
        S3 URIs of the data contract and of the price table that the deployment brought along.
    live_model_function
        ARN of the function that the step LiveModel invokes.
    """

    settings: Settings
    region: str
    roles: RoleArns
    code_uri: str
    code_file: str
    artifact_uri: str
    contract_uri: str
    prices_uri: str
    live_model_function: str
    key_arn: str
    job_image: str
    endpoint_image: str
    feature_group: str
    model_package_group: str
