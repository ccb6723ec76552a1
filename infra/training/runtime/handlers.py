"""Entry point of the function: arguments of the step in, its output parameters out."""

import json
import os
from typing import Any

import boto3

from .config import Config, read_contract_uri
from .live_model import find_live_model
from .sagemaker import SageMaker

Json = dict[str, Any]
NO_MODEL = "none"


def on_live_model(event: Json, _context: object) -> Json:
    """Answer a Lambda step with LiveModelPackage and LiveModelUri.

    An input of a job must name something that exists, so the contract stands in for a missing artifact.
    """
    config, contract_uri = Config.from_environment(os.environ), read_contract_uri(event)
    live = find_live_model(config, SageMaker(boto3.client("sagemaker")))
    answer = {
        "LiveModelPackage": live.package if live else NO_MODEL,
        "LiveModelUri": live.uri if live else contract_uri,
    }
    print(json.dumps({"endpoint": config.endpoint, **answer}))
    return answer
