"""Bounded attempts with growing, jittered pauses, and which of the service's errors are worth one."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

ATTEMPTS = 8
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0  # seconds
_PASSING = ("Throttling", "ServiceUnavailable", "InternalFailure", "InternalServer", "RequestTimeout")
_SERVER_ERROR = 500


@dataclass
class Attempts:
    """Yields the numbers of attempts, with a pause before each but the first.

    Parameters
    ----------
    sleep
        Takes seconds.
    """

    sleep: Callable[[float], None] = time.sleep
    _jitter: random.Random = field(default_factory=random.Random)

    def __iter__(self) -> Iterator[int]:
        for attempt in range(ATTEMPTS):
            if attempt:
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
                self.sleep(pause * self._jitter.uniform(0.5, 1.0))
            yield attempt


def passes(code: str) -> bool:
    """Whether the error of this code may be gone at the next attempt."""
    return code.startswith(_PASSING)


def call_passes(error: Exception) -> bool:
    """Whether a failed call may succeed the next time: a lost connection, throttling, a server error."""
    from botocore.exceptions import ClientError, HTTPClientError

    if not isinstance(error, ClientError):
        return isinstance(error, HTTPClientError)
    response: dict[str, Any] = error.response
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return passes(response["Error"]["Code"]) or status >= _SERVER_ERROR
