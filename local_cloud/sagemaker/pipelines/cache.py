"""Step caching: which earlier result of a step may stand in for running it again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from local_cloud.sagemaker.pipelines.errors import DefinitionError
from local_cloud.sagemaker.pipelines.steptypes import SUPPORTED

# The P may be left out and the letters may be small: the Developer Guide writes "30d" and "30dT5h".
_DURATION = re.compile(
    r"P?(?=[\dT])(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE,
)
_DAYS = {"years": 365, "months": 30}


@dataclass(frozen=True)
class CacheConfig:
    """Whether a step may be answered from the cache, and how old the answer may be (None: any age)."""

    enabled: bool
    expire_after: timedelta | None

    def accepts(self, ended: datetime, at: datetime) -> bool:
        """Whether a result that ended then still counts now."""
        return self.expire_after is None or at - ended <= self.expire_after


@dataclass(frozen=True)
class CachedStep:
    """A step that ended well."""

    execution_arn: str
    ended: datetime
    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]


class StepCache(Protocol):
    """Where ended steps are kept, the latest of each key."""

    def find(self, key: str) -> CachedStep | None:
        """The latest step that ended well under a key."""

    def put(self, key: str, step: CachedStep) -> None:
        """Keep a step that ended well."""


def parse_config(item: Mapping[str, Any] | None, step: str) -> CacheConfig | None:
    """The CacheConfig of a step; DefinitionError when ExpireAfter is no ISO-8601 duration."""
    if item is None:
        return None
    written = item.get("ExpireAfter")
    return CacheConfig(bool(item.get("Enabled")), None if written is None else duration(str(written), step))


def duration(written: str, step: str) -> timedelta:
    """``P30D``, ``PT1H30M`` or ``30dT5h`` as a time span (a year counts 365 days, a month 30)."""
    found = _DURATION.fullmatch(written)
    if not found or not any(found.groupdict().values()):
        raise DefinitionError(
            f"step '{step}': ExpireAfter '{written}' is not an ISO-8601 duration such as P30D or PT1H"
        )
    parts = {name: int(number) for name, number in found.groupdict().items() if number}
    days = sum(parts.pop(name, 0) * length for name, length in _DAYS.items())
    return timedelta(days=days) + timedelta(**parts)


def key_of(pipeline_arn: str, step: str, type_: str, arguments: Mapping[str, Any]) -> str | None:
    """The cache key of a step with resolved arguments; None for a type that is never cached."""
    names = SUPPORTED[type_].compared
    if names is None:
        return None
    compared = {name: _argument(arguments, name) for name in names}
    document = json.dumps([pipeline_arn, step, type_, compared], sort_keys=True, default=str)
    return hashlib.sha256(document.encode()).hexdigest()


def _argument(arguments: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        arguments = arguments.get(name) if isinstance(arguments, Mapping) else None
    return arguments
