"""The CloudWatch alarms that watch a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints.errors import DeploymentFailed
from local_cloud.sagemaker.errors import validation


class Watch:
    """Reads the alarms of a deployment with one session of the model's role, as the service does."""

    def __init__(self, ctx: Context, names: Sequence[str], role: str | None) -> None:
        self._names = list(names)
        self._client: Any = ctx.client("cloudwatch", role) if names else None

    def check_existence(self) -> None:
        """ValidationException when an alarm does not exist, or the role may not look."""
        if not self._names:
            return
        try:
            found = self._states()
        except (BotoCoreError, ClientError) as error:
            raise validation(
                f"Could not describe the alarms of AutoRollbackConfiguration: {error}"
            ) from error
        missing = [name for name in self._names if name not in found]
        if missing:
            raise validation(f"Could not find CloudWatch alarm(s): {', '.join(missing)}.")

    def check(self) -> None:
        """DeploymentFailed when an alarm is in ALARM, or cannot be read any more."""
        if not self._names:
            return
        try:
            found = self._states()
        except (BotoCoreError, ClientError) as error:
            raise DeploymentFailed(f"Could not read the alarms of the deployment: {error}") from error
        tripped = [name for name in self._names if found.get(name) == "ALARM"]
        if tripped:
            raise DeploymentFailed(
                f"One or more alarms of the deployment are in ALARM state: {', '.join(tripped)}. "
                "The endpoint is rolled back to its previous configuration."
            )

    def _states(self) -> dict[str, str]:
        described = self._client.describe_alarms(
            AlarmNames=self._names, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        alarms = [*described.get("MetricAlarms", []), *described.get("CompositeAlarms", [])]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}
