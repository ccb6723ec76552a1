"""Which of a processing job's hosts this is, from the file that SageMaker puts into the container."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.files import read_json


class ResourceConfigError(BertlineError):
    """The file that tells a job which of its hosts it is cannot be used."""


@dataclass(frozen=True, slots=True)
class ProcessingHost:
    """One of `count` hosts; `index` is its place among their sorted names."""

    name: str
    index: int
    count: int


def read_processing_host(path: Path) -> ProcessingHost:
    """Read resourceconfig.json.

    Raises
    ------
    ResourceConfigError
        It does not hold `hosts`, and `current_host` as one of them, or the name is no file name.
    """
    config = read_json(path)
    try:
        name, hosts = str(config["current_host"]), sorted(config["hosts"])
        host = ProcessingHost(name, hosts.index(name), len(hosts))
    except (KeyError, TypeError, ValueError):
        raise ResourceConfigError(f"{path} must hold hosts, and current_host as one of them") from None
    if "/" in host.name or not host.name:
        raise ResourceConfigError(f"{path}: current_host {host.name!r} cannot be part of a file name")
    return host
