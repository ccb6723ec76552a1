"""Entry points of the functions: event in, log line out."""

import json
import os
from typing import Any

import boto3

from .config import Config
from .deploy import Outcome, deploy
from .events import changed_endpoint, read_approval
from .plan import describe_plan
from .sagemaker import SageMaker
from .verify import verify

Json = dict[str, Any]


def on_approval(event: Json, _context: object) -> Json:
    """Deploy the model package of a "SageMaker Model Package State Change" event."""
    config = Config.from_environment(os.environ)
    approval = read_approval(event)
    if approval is None:
        return _log({"action": "deploy", "outcome": Outcome.NO_APPROVAL, "plan": None})
    outcome, plan = deploy(approval, config, _sagemaker())
    return _log({"action": "deploy", "outcome": outcome, "plan": describe_plan(plan) if plan else None})


def on_endpoint_change(event: Json, _context: object) -> Json:
    """Verify the endpoint of a "SageMaker Endpoint State Change" event, or begin the change that waited."""
    endpoint = changed_endpoint(event)
    return _log({"action": "verify", "endpoint": endpoint, "verdict": verify(endpoint, _sagemaker())})


def _sagemaker() -> SageMaker:
    return SageMaker(boto3.client("sagemaker"))


def _log(answer: Json) -> Json:
    print(json.dumps(answer))
    return answer
