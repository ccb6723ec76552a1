"""Retry policies of steps: which failures are tried again, after how long and how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local_cloud.sagemaker.pipelines.errors import DefinitionError
from local_cloud.sagemaker.pipelines.steptypes import SUPPORTED

SERVICE_FAULT, THROTTLING = "Step.SERVICE_FAULT", "Step.THROTTLING"
INTERNAL_ERROR = "SageMaker.JOB_INTERNAL_ERROR"
CAPACITY_ERROR = "SageMaker.CAPACITY_ERROR"
RESOURCE_LIMIT = "SageMaker.RESOURCE_LIMIT"
_STEP_TYPES = (SERVICE_FAULT, THROTTLING)
_JOB_TYPES = (INTERNAL_ERROR, CAPACITY_ERROR, RESOURCE_LIMIT)
_OLD_NAMES = {"SageMaker.JOB_CAPACITY_ERROR": CAPACITY_ERROR}
_INTERVAL, _BACKOFF, _ATTEMPTS = 1, 2.0, 5
_LONGEST_INTERVAL, _MOST_ATTEMPTS, _LONGEST_MINUTES = 43_200, 20, 14_400


@dataclass(frozen=True)
class RetryPolicy:
    """What to do after failures of some types.

    Parameters
    ----------
    types : tuple of str
        Exception types, for example ``Step.THROTTLING``.
    interval, backoff : float
        Seconds before the first retry, and the factor by which each later wait is longer.
    attempts : int, optional
        Retries at most; None where `minutes` limits them.
    minutes : int, optional
        Minutes since the step began after which nothing is tried again.
    """

    types: tuple[str, ...]
    interval: float = _INTERVAL
    backoff: float = _BACKOFF
    attempts: int | None = _ATTEMPTS
    minutes: int | None = None


# The service retries these of every step by itself; a policy of the step overrides it.
DEFAULTS = (RetryPolicy(_STEP_TYPES),)


@dataclass
class Retries:
    """The retries of one run of a step."""

    policies: Sequence[RetryPolicy]
    _used: dict[int, int] = field(default_factory=dict)

    def next_wait(self, fault: str, elapsed: float) -> float | None:
        """Seconds to wait before trying again after a failure of a type, `elapsed` seconds in; None: give up.

        Only the first policy that names the type counts.
        """
        for number, policy in enumerate((*self.policies, *DEFAULTS)):
            if fault in policy.types:
                used = self._used.get(number, 0)
                wait = policy.interval * policy.backoff**used
                self._used[number] = used + 1
                if policy.minutes is not None:
                    return wait if elapsed + wait <= policy.minutes * 60 else None
                return wait if used < (policy.attempts or 0) else None
        return None


def parse(items: Any, type_: str) -> tuple[RetryPolicy, ...]:
    """The RetryPolicies of a step of a type.

    Raises
    ------
    DefinitionError
        Names the member that is wrong, or the step type that takes none.
    """
    if not items:
        return ()
    if not SUPPORTED[type_].retried:
        able = ", ".join(name for name, one in SUPPORTED.items() if one.retried)
        raise DefinitionError(f"a {type_} step takes no RetryPolicies; these do: {able}")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise DefinitionError(f"RetryPolicies must be a list of policies, got {items!r}")
    return tuple(_policy(item, type_) for item in items)


def _policy(item: Mapping[str, Any], type_: str) -> RetryPolicy:
    given = item.get("ExceptionType")
    listed = [given] if isinstance(given, str) else given or []
    types = tuple(_OLD_NAMES.get(one, one) for one in listed)
    known = (*_STEP_TYPES, *(_JOB_TYPES if SUPPORTED[type_].job else ()))
    wrong = [one for one in types if one not in known]
    if wrong or not types:
        raise DefinitionError(
            f"ExceptionType of a {type_} step must be of [{', '.join(known)}], got {given!r}"
        )
    if "MaxAttempts" in item and "ExpireAfterMin" in item:
        raise DefinitionError("a retry policy takes MaxAttempts or ExpireAfterMin, not both")
    minutes = _number(item, "ExpireAfterMin", None, _LONGEST_MINUTES)
    attempts = _number(item, "MaxAttempts", _ATTEMPTS if minutes is None else None, _MOST_ATTEMPTS)
    backoff = item.get("BackoffRate", _BACKOFF)
    if not isinstance(backoff, int | float) or isinstance(backoff, bool) or backoff < 0:
        raise DefinitionError(f"BackoffRate must be a number from 0, got {backoff!r}")
    interval = _number(item, "IntervalSeconds", _INTERVAL, _LONGEST_INTERVAL)
    return RetryPolicy(types, float(interval or 0), float(backoff), attempts, minutes)


def _number(item: Mapping[str, Any], name: str, default: int | None, most: int) -> int | None:
    value = item.get(name, default)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise DefinitionError(f"{name} must be a whole number from 0 to {most}, got {value!r}")
    return value
