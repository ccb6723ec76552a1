"""What every operation gets: whose request it is, where the cloud listens, its records and its clients."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local_cloud.clock import Clock
from local_cloud.sagemaker.store import Journal, Store

# (account, region, detail type, detail, resource ARNs)
EventSink = Callable[[str, str, str, Mapping[str, Any], Sequence[str]], None]
Observer = Callable[["Context", str, Mapping[str, Any]], None]
_observers: list[Observer] = []
_SESSION_SECONDS = 12 * 3600  # a job may run as long as a role session can last
_CONFIG = Config(
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    retries={"max_attempts": 3, "mode": "standard"},
    max_pool_connections=32,
)
_session_lock = threading.Lock()
_SECRET = "local"  # noqa: S105 - any secret passes on loopback


class Authority(Protocol):
    """Judges what the service does in the name of roles, where permissions are enforced."""

    def assume(self, account: str, role_arn: str, seconds: int) -> dict[str, str]:
        """The keys of a session of the role; ClientError when it does not trust SageMaker."""

    def refusal(
        self,
        account: str,
        region: str,
        role_arn: str,
        action: str,
        resource: str,
        conditions: Mapping[str, Any],
        principal: str = ...,
    ) -> str | None:
        """Why the role may not do something for the service that assumes it, or None."""


def observe(observer: Observer) -> Observer:
    """Register a function that is called with each event emitted: (context, detail type, detail)."""
    _observers.append(observer)
    return observer


def discard_event(
    account: str, region: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]
) -> None:
    """An event sink that drops everything, for use without an emulator."""


@dataclass
class Context:
    """One account and region of the local cloud.

    Parameters
    ----------
    account, region : str
        Twelve digits and, for example, ``us-east-1``.
    endpoint_url : str
        Where the emulator listens.
    home : Path
        Directory for job folders, logs and other files of the running cloud.
    store : Store
        Records of this account and region.
    event_sink : EventSink
        Receives the events of `emit`.
    clock : Clock
        Measures waits that AWS makes and that may be sped up here.
    authority : Authority, optional
        Judges what is done in the name of roles; None where permissions are not enforced.
    journal : Journal, optional
        Keeps the records of the account and region between starts; None where nothing is kept.
    """

    account: str
    region: str
    endpoint_url: str
    home: Path
    store: Store = field(default_factory=Store)
    event_sink: EventSink = discard_event
    clock: Clock = field(default_factory=Clock)
    authority: Authority | None = None
    journal: Journal | None = None
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def s3(self) -> Any:
        """The account's S3 client."""
        return self.client("s3")

    def client(self, service: str, role_arn: str | None = None) -> Any:
        """A boto3 client of this cloud, as the account itself or in a session of `role_arn`."""
        if role_arn:  # a session expires: never kept
            return self._make(service, self._role_session(role_arn))
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service, self._own_keys())
            return self._clients[service]

    def patient_client(self, service: str, role_arn: str, *, seconds: int) -> Any:
        """A client in a session of `role_arn` that waits so long for an answer, and asks only once."""
        patience = Config(read_timeout=seconds, retries={"total_max_attempts": 1, "mode": "standard"})
        return self._make(service, self._role_session(role_arn), _CONFIG.merge(patience))

    def require(
        self, role_arn: str, action: str, resource: str, conditions: Mapping[str, Any] | None = None
    ) -> None:
        """Require of a role what AWS does in its name and nothing here does (a pull of an image, a grant).

        Raises
        ------
        ClientError
            AccessDenied, where permissions are enforced and the role has not got this one.
        """
        if self.authority is None:
            return
        asked = (role_arn, action, resource, conditions or {})
        refusal = self.authority.refusal(self.account, self.region, *asked)
        if refusal is not None:
            error = {"Error": {"Code": "AccessDenied", "Message": refusal}}
            raise ClientError(error, action.rpartition(":")[2])

    def job_environment(self, role_arn: str | None) -> dict[str, str]:
        """The AWS variables of a child that acts as `role_arn`: a fresh session, endpoint and region."""
        keys = self._role_session(role_arn) if role_arn else self._own_keys()
        environment = {
            "AWS_ACCESS_KEY_ID": keys["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": keys["aws_secret_access_key"],
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "S3_ENDPOINT_URL": self.endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        if "aws_session_token" in keys:
            environment["AWS_SESSION_TOKEN"] = keys["aws_session_token"]
        return environment

    def emit(self, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str] = ()) -> None:
        """Send an EventBridge event of source ``aws.sagemaker``."""
        for observer in _observers:
            observer(self, detail_type, detail)
        self.event_sink(self.account, self.region, detail_type, detail, list(resources))

    def arn(self, resource: str) -> str:
        """The SageMaker ARN of ``kind/name``."""
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{resource}"

    def _make(self, service: str, keys: dict[str, Any], config: Config = _CONFIG) -> Any:
        with _session_lock:  # a session is not made for several threads at once
            session = _session(self.region)
            return session.client(service, endpoint_url=self.endpoint_url, config=config, **keys)

    def _own_keys(self) -> dict[str, str]:
        return {"aws_access_key_id": self.account, "aws_secret_access_key": _SECRET}

    def _role_session(self, role_arn: str) -> dict[str, str]:
        if self.authority is not None:
            return self.authority.assume(self.account, role_arn, _SESSION_SECONDS)
        session = self.client("sts").assume_role(
            RoleArn=role_arn, RoleSessionName="SageMaker", DurationSeconds=_SESSION_SECONDS
        )
        found = session["Credentials"]
        return {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }


class Contexts:
    """One Context an account and region, all over the same cloud."""

    def __init__(
        self,
        *,
        endpoint_url: str,
        home: Path,
        event_sink: EventSink = discard_event,
        clock: Clock = Clock(),  # noqa: B008 - it cannot change
        authority: Authority | None = None,
        journal: Callable[[str, str], Journal] | None = None,
    ) -> None:
        self._shared: dict[str, Any] = {
            "endpoint_url": endpoint_url,
            "home": home,
            "event_sink": event_sink,
            "clock": clock,
            "authority": authority,
        }
        self._journal = journal
        self._lock = threading.Lock()
        self._contexts: dict[tuple[str, str], Context] = {}

    def of(self, account: str, region: str) -> Context:
        """The context of an account and region, made at first use."""
        with self._lock:
            key = (account, region)
            if key not in self._contexts:
                journal = self._journal(account, region) if self._journal else None
                made = Context(account=account, region=region, journal=journal, **self._shared)
                made.store = Store(journal)
                self._contexts[key] = made
            return self._contexts[key]


@functools.cache
def _session(region: str) -> Any:
    """One session for all clients: each of its own would read the service's model from disk again."""
    return boto3.Session(region_name=region)


def now() -> datetime:
    """The time as records hold it."""
    return datetime.now(UTC)
