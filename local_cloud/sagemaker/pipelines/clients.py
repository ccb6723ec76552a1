"""The clients of one execution, in sessions of the pipeline's role, which IAM judges."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.pipelines import faults, functions

_FRESH_SECONDS = 11 * 3600  # a session lasts twelve hours


class RoleClients:
    """Clients by service, made at first use and made anew before their session expires.

    Parameters
    ----------
    ctx : Context
        The account and region.
    role_arn : str
        The pipeline's role.
    """

    def __init__(self, ctx: Context, role_arn: str) -> None:
        self._ctx, self.role_arn = ctx, role_arn
        self._lock = threading.Lock()
        self._made: dict[str, tuple[Any, float]] = {}

    def get(self, service: str) -> Any:
        """A client of a service.

        Raises
        ------
        StepFailed
            The role cannot be assumed.
        """
        with self._lock:
            client, made = self._made.get(service, (None, 0.0))
            if client is None or time.monotonic() - made > _FRESH_SECONDS:
                try:
                    client = self._make(service)
                except (BotoCoreError, ClientError) as error:
                    raise faults.of_call(error, f"assuming {self.role_arn}") from error
                self._made[service] = client, time.monotonic()
            return client

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """What a SageMaker operation answers, as plain data.

        Raises
        ------
        StepFailed
            It was refused; the message names the operation.
        """
        client = self.get("sagemaker")
        try:
            answer = getattr(client, xform_name(operation))(**params)
        except (BotoCoreError, ClientError) as error:
            raise faults.of_call(error, f"calling {operation}") from error
        found: dict[str, Any] = _plain({key: answer[key] for key in answer if key != "ResponseMetadata"})
        return found

    def find(self, operation: str, params: dict[str, Any]) -> dict[str, Any] | None:
        """What a Describe operation answers; None when there is no such resource.

        Raises
        ------
        StepFailed
            It was refused for another reason.
        """
        client = self.get("sagemaker")
        try:
            answer = getattr(client, xform_name(operation))(**params)
        except ClientError as error:
            message = str(error.response["Error"].get("Message", ""))
            if "Could not find" in message or "does not exist" in message:
                return None
            raise faults.of_call(error, f"calling {operation}") from error
        except BotoCoreError as error:
            raise faults.of_call(error, f"calling {operation}") from error
        return {key: answer[key] for key in answer if key != "ResponseMetadata"}

    def _make(self, service: str) -> Any:
        if service == "lambda":
            seconds = functions.LONGEST_SECONDS
            return self._ctx.patient_client(service, self.role_arn, seconds=seconds)
        return self._ctx.client(service, self.role_arn)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.astimezone(UTC) if isinstance(value, datetime) else value
