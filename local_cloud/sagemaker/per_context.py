"""One object of a kind for each account and region of a cloud, made at first use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from local_cloud.sagemaker.context import Context

_T = TypeVar("_T")


class PerContext(Generic[_T]):
    """Calling it with a context gives the object of its account and region.

    Parameters
    ----------
    make
        Makes the object; called once for each account and region, under a lock.
    """

    def __init__(self, make: Callable[[Context], _T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str, str], _T] = {}

    def __call__(self, ctx: Context) -> _T:
        """The object of an account and region."""
        key = (ctx.endpoint_url, ctx.account, ctx.region)
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(ctx)
            return self._made[key]

    def everything(self) -> list[_T]:
        """All objects that have been made."""
        with self._lock:
            return list(self._made.values())

    def forget(self) -> list[_T]:
        """The same, for the last time: from now on they are made anew."""
        with self._lock:
            forgotten, self._made = list(self._made.values()), {}
        return forgotten
