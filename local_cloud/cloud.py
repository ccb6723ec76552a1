"""Where a running local cloud is to be found, and the variables that point clients at it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cloud:
    """Where a running local cloud is to be found.

    Parameters
    ----------
    pid, port
        Process id of the server and the port it listens on, on 127.0.0.1.
    endpoint_url
        Value for AWS_ENDPOINT_URL.
    account
        Account number; it is also the access key id, which is how the emulator tells accounts apart.
    region
        Region that the cloud was started for.
    started
        ISO 8601 time of the start, UTC.
    auth, state, speed
        As in `Options`.
    """

    pid: int
    port: int
    endpoint_url: str
    account: str
    region: str
    started: str
    auth: bool = False
    state: str | None = None
    speed: float = 1.0

    @property
    def page(self) -> str:
        """Where the web page is that shows what runs; the server's own paths are below it."""
        return f"{self.endpoint_url}/_local_cloud/"

    def environment(self) -> dict[str, str]:
        """Return the variables that point the AWS CLI, boto3 and the CDK at this cloud."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
