"""Which cloud a command talks to: the local cloud (the default) or an AWS account."""

import json
import os
import tomllib
import urllib.request
from dataclasses import dataclass
from typing import Any, Literal

import boto3
from botocore.config import Config

from bertline.errors import BertlineError
from bertline.paths import CLOUD_HOME, CONFIG

Kind = Literal["local", "aws"]
AWS_VARIABLES = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)


@dataclass(frozen=True)
class Target:
    """A cloud that commands talk to; `endpoint_url` and `account` are set for the local one only."""

    kind: Kind
    region: str
    endpoint_url: str | None = None
    account: str | None = None

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud."""
        connect: Any = boto3.client
        config = Config(retries={"mode": "standard", "max_attempts": 5}, user_agent_extra="bertline")
        if self.kind == "aws":
            return connect(service, region_name=self.region, config=config)
        return connect(
            service,
            region_name=self.region,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.account,
            aws_secret_access_key="local",  # noqa: S106 - the local cloud checks no signature
            config=config,
        )

    def variables(self) -> dict[str, str]:
        """Environment variables with which another program talks to this cloud, and to no other."""
        environment = dict(os.environ)
        environment.update(AWS_REGION=self.region, AWS_DEFAULT_REGION=self.region)
        if self.kind == "aws":
            return environment
        for name in AWS_VARIABLES:
            environment.pop(name, None)
        environment.update(
            AWS_ENDPOINT_URL=str(self.endpoint_url),
            AWS_ACCESS_KEY_ID=str(self.account),
            AWS_SECRET_ACCESS_KEY="local",  # noqa: S106
            AWS_CONFIG_FILE=os.devnull,
            AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        )
        return environment


@dataclass(frozen=True)
class Place:
    """The AWS region of an environment, and its account where the settings name one."""

    region: str
    account: str | None


def local_cloud() -> Target | None:
    """The local cloud that answers now, or None."""
    try:
        state = json.loads((CLOUD_HOME / "cloud.json").read_text())
        with urllib.request.urlopen(f"{state['endpoint_url']}/_local_cloud/health", timeout=5) as answer:  # noqa: S310
            alive = json.load(answer)["pid"] == state["pid"]
        return Target("local", state["region"], state["endpoint_url"], state["account"]) if alive else None
    except (OSError, ValueError, KeyError):  # no file, an unfinished one, or nobody answers
        return None


def resolve(kind: Kind, environment: str) -> Target:
    """The target of a command.

    Raises
    ------
    BertlineError
        The local cloud is down or stands for another region or account, or the environment has no settings.
    """
    place = place_of(environment)
    if kind == "aws":
        return Target("aws", place.region)
    target = local_cloud()
    if target is None:
        raise BertlineError(
            "the local cloud is not running: start it with `bertline up`, or pass --target aws"
        )
    check_place(target, place, environment)
    return target


def check_place(target: Target, place: Place, environment: str) -> None:
    """Raise BertlineError if a local cloud stands for another region or account than the settings say."""
    wanted = (place.region, place.account or target.account)
    if (target.region, target.account) != wanted:
        raise BertlineError(
            f"the local cloud stands for {target.account} in {target.region}, but config/{environment}.toml "
            f"says {wanted[1]} in {wanted[0]}: stop it with `bertline down` and start it again"
        )


def place_of(environment: str) -> Place:
    """The region and account that config/<environment>.toml names.

    Raises
    ------
    BertlineError
        There is no such file, or it names no region.
    """
    settings = settings_of(environment)
    if "region" not in settings:
        raise BertlineError(f"{CONFIG / environment}.toml: no readable `region`")
    return Place(str(settings["region"]), settings.get("account"))


def settings_of(environment: str) -> dict[str, Any]:
    """The content of config/<environment>.toml.

    Raises
    ------
    BertlineError
        There is no such file, or it is not TOML.
    """
    path = CONFIG / f"{environment}.toml"
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        known = ", ".join(sorted(p.stem for p in CONFIG.glob("*.toml")))
        raise BertlineError(f"there is no environment {environment!r} (config/ has: {known})") from error
    except tomllib.TOMLDecodeError as error:
        raise BertlineError(f"{path} is not TOML: {error}") from error
