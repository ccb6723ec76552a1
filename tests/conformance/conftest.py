"""One local cloud for the suite, and for every case an account of its own in it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.integration.conftest import REGION, Cloud
from tests.integration.conftest import cloud as cloud

from . import shapes

_NUMBERS = itertools.count(200_000_000_000)


class Account:
    """An account that nothing has been made in; its clients check every answer of SageMaker's services."""

    region = REGION

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = boto3.Session(
            region_name=REGION, aws_access_key_id="0" * 12, aws_secret_access_key="local"
        )
        self._clients: dict[str, Any] = {}
        self.number = ""

    def become_another(self) -> None:
        """Turn into an empty account; the clients stay, since making them takes longer than most cases."""
        self.number = str(next(_NUMBERS))
        self._session.get_credentials().access_key = self.number
        self.__dict__.pop("role", None)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
            made = self._session.client(service, endpoint_url=self._url, config=config)
            self._clients[service] = shapes.watch(made) if service.startswith("sagemaker") else made
        return self._clients[service]

    @property
    def sagemaker(self) -> Any:
        return self.client("sagemaker")

    @cached_property
    def role(self) -> str:
        """A role that SageMaker may assume and that may do everything."""
        return make_role(self.client("iam"), "worker")

    def bucket(self, name: str = "data") -> str:
        full = f"{name}-{self.number}"
        self.client("s3").create_bucket(Bucket=full)
        return full

    def arn(self, resource: str) -> str:
        return f"arn:aws:sagemaker:{self.region}:{self.number}:{resource}"

    def refused(self, operation: str, /, **params: Any) -> tuple[str, str]:
        """Code and message of the error that a call must end in."""
        with pytest.raises(ClientError) as caught:
            getattr(self.sagemaker, operation)(**params)
        return told(caught.value)


def told(error: ClientError) -> tuple[str, str]:
    """Code and message of an error."""
    return error.response["Error"]["Code"], error.response["Error"]["Message"]


def make_role(iam: Any, name: str) -> str:
    trusted = {"Service": ["sagemaker.amazonaws.com", "lambda.amazonaws.com"]}
    trust = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))
    iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=_policy(everything))
    return str(made["Role"]["Arn"])


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="session")
def _accounts(cloud: Cloud) -> Iterator[Account]:
    yield Account(cloud.url)


@pytest.fixture
def account(_accounts: Account) -> Account:
    """An account of this case alone."""
    _accounts.become_another()
    return _accounts
