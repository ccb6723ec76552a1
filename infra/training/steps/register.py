"""Register: a new version in the model package group, with evaluation, model card, dataset and machines."""

from infra.training.expressions import Json, from_report, join, model_of, output_of, parameter, text
from infra.training.inputs import DefinitionInputs
from infra.training.steps import evaluate, train

NAME = "Register"
CONTENT_TYPE = "application/jsonlines"


def register_step(inputs: DefinitionInputs) -> Json:
    """Return the step; the deploy function reads the instance type and count from the metadata properties."""
    statistics = join("/", output_of(evaluate.NAME, evaluate.OUTPUT), evaluate.REPORT_FILE)
    return {
        "Name": NAME,
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": inputs.model_package_group,
            "ModelApprovalStatus": parameter("ModelApprovalStatus"),
            "InferenceSpecification": _inference(inputs),
            "ModelMetrics": {
                "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": statistics}}
            },
            # The card is text inside JSON, as a pipeline can only pass on plain values of a property file.
            "ModelCard": {
                "ModelCardContent": from_report(evaluate.NAME, evaluate.MODEL_CARD, "content"),
                "ModelCardStatus": "PendingReview",
            },
            "CustomerMetadataProperties": {
                "DeployInstanceType": parameter("DeployInstanceType"),
                "DeployInstanceCount": text(parameter("DeployInstanceCount")),
                "DatasetHash": from_report(evaluate.NAME, evaluate.REPORT, "data.dataset.hash"),
            },
        },
    }


def _inference(inputs: DefinitionInputs) -> Json:
    container = {
        "Image": inputs.endpoint_image,
        "ModelDataUrl": model_of(train.NAME),
        # Where the inference toolkit finds the handler inside model.tar.gz.
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            "SAGEMAKER_REGION": inputs.region,
        },
    }
    return {
        "Containers": [container],
        "SupportedContentTypes": [CONTENT_TYPE],
        "SupportedResponseMIMETypes": [CONTENT_TYPE],
        "SupportedRealtimeInferenceInstanceTypes": [parameter("DeployInstanceType")],
    }
