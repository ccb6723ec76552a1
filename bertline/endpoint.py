"""Asking the endpoint: JSON Lines in, JSON Lines out."""

import json
from typing import Any

from botocore.exceptions import ClientError

from bertline.errors import BertlineError
from bertline.target import Target

JSON_LINES = "application/jsonlines"


def invoke(target: Target, endpoint: str, texts: list[str]) -> list[dict[str, Any]]:
    """Classify texts; one answer each, in their order.

    Raises
    ------
    BertlineError
        There is no such endpoint, or the model refused the request.
    """
    body = "".join(json.dumps({"features": [text]}) + "\n" for text in texts)
    try:
        response = target.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=endpoint, ContentType=JSON_LINES, Accept=JSON_LINES, Body=body.encode()
        )
    except ClientError as error:
        raise BertlineError(
            f"endpoint {endpoint} did not answer: {error.response['Error']['Message']}"
        ) from error
    return [json.loads(line) for line in response["Body"].read().decode().splitlines() if line]
