"""Marks on the functions that stand in for the emulator's own, so that none is ever wrapped twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_MARK = "_local_cloud"


def mark(wrapper: Callable[..., Any]) -> None:
    """Say that a function wraps one of the emulator's."""
    setattr(wrapper, _MARK, True)


def is_marked(function: Callable[..., Any]) -> bool:
    """Whether a function is a wrapper already."""
    return bool(getattr(function, _MARK, False))
