"""Hyperparameter ranges of a tuning job: what is wrong with them, and values on their scales."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_cloud.sagemaker.errors import validation

Candidate = dict[str, str]
# Auto searches a range that spans so much on a logarithmic scale: no value below it would ever be tried.
_WIDE = 1000.0


@dataclass(frozen=True)
class Number:
    """An integer or continuous range.

    Parameters
    ----------
    low, high : float
        Both ends belong to the range.
    scale : str
        Linear, Logarithmic or ReverseLogarithmic.
    whole : bool
        Whether values are integers.
    """

    name: str
    low: float
    high: float
    scale: str
    whole: bool

    def at(self, unit: float) -> str:
        """The value at a position from 0 to 1 of the range's scale."""
        first, last = self._scaled(self.low), self._scaled(self.high)
        value = self._unscaled(first + unit * (last - first))
        value = min(max(value, self.low), self.high)
        return str(round(value)) if self.whole else repr(value)

    def position(self, value: str) -> float:
        """The position from 0 to 1 of a value, the inverse of `at`."""
        first, last = self._scaled(self.low), self._scaled(self.high)
        return (self._scaled(float(value)) - first) / (last - first) if last != first else 0.0

    def _scaled(self, value: float) -> float:
        if self.scale == "Logarithmic":
            return math.log(value)
        return -math.log(1.0 - value) if self.scale == "ReverseLogarithmic" else value

    def _unscaled(self, value: float) -> float:
        if self.scale == "Logarithmic":
            return math.exp(value)
        return 1.0 - math.exp(-value) if self.scale == "ReverseLogarithmic" else value


@dataclass(frozen=True)
class Choice:
    """A categorical range."""

    name: str
    values: tuple[str, ...]

    def at(self, unit: float) -> str:
        """The value at a position from 0 to 1: each value has the same share."""
        return self.values[min(int(unit * len(self.values)), len(self.values) - 1)]


Range = Number | Choice


def read(ranges: Mapping[str, Any], static: Mapping[str, str]) -> list[Range]:
    """The ranges of a ParameterRanges structure.

    Raises
    ------
    ServiceError
        A range is empty, its ends are no numbers, its scale does not fit, or a name is there twice.
    """
    if ranges.get("AutoParameters"):
        raise validation("ParameterRanges.AutoParameters (Autotune) is not supported here; give the ranges")
    found: list[Range] = [_number(one, whole=True) for one in ranges.get("IntegerParameterRanges", [])]
    found += [_number(one, whole=False) for one in ranges.get("ContinuousParameterRanges", [])]
    found += [
        Choice(one["Name"], tuple(one["Values"])) for one in ranges.get("CategoricalParameterRanges", [])
    ]
    names = [one.name for one in found]
    doubled = sorted({name for name in names if names.count(name) > 1 or name in static})
    if doubled:
        raise validation(f"Hyperparameters must be given once, as a range or static: {', '.join(doubled)}")
    if not found:
        raise validation("A hyperparameter tuning job needs at least one hyperparameter range")
    return found


def _number(item: Mapping[str, str], *, whole: bool) -> Number:
    name, scale = item["Name"], item.get("ScalingType", "Auto")
    parse = int if whole else float
    try:
        low, high = float(parse(item["MinValue"])), float(parse(item["MaxValue"]))
    except ValueError:
        kind = "integers" if whole else "numbers"
        raise validation(f"MinValue and MaxValue of hyperparameter '{name}' must be {kind}") from None
    if not (math.isfinite(low) and math.isfinite(high)) or low > high:
        raise validation(f"MinValue of hyperparameter '{name}' must not be greater than its MaxValue")
    if scale == "Auto":
        scale = "Logarithmic" if low > 0 and high / low >= _WIDE else "Linear"
    if scale == "Logarithmic" and low <= 0:
        raise validation(f"Logarithmic scaling of hyperparameter '{name}' needs values greater than 0")
    if scale == "ReverseLogarithmic" and (whole or not 0 <= low <= high < 1):
        raise validation(
            f"ReverseLogarithmic scaling of hyperparameter '{name}' needs a continuous range within 0<=x<1.0"
        )
    return Number(name, low, high, scale, whole)
