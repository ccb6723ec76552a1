"""Which slices of the contract a review belongs to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pipeline_code.reviews.contract import (
    AttributeSlice,
    Contract,
    LabelSlice,
    PatternSlice,
    Slice,
    SourceSlice,
)

Reviewed = Mapping[str, Any]


def slice_members(contract: Contract) -> Callable[[Reviewed], list[str]]:
    """A function from a row to the names of its slices, in the contract's order.

    A row needs `review_body`, `source`, `label` and `attributes` (a JSON object with text values).
    """
    tests = [(item.name, _test(item)) for item in contract.slices]

    def members(row: Reviewed) -> list[str]:
        return [name for name, holds in tests if holds(row)]

    return members


def _test(item: Slice) -> Callable[[Reviewed], bool]:
    if isinstance(item, PatternSlice):
        search = re.compile(item.pattern).search
        return lambda row: search(row["review_body"]) is not None
    if isinstance(item, AttributeSlice):
        return lambda row: json.loads(row["attributes"]).get(item.attribute, "") == item.value
    if isinstance(item, SourceSlice):
        return lambda row: bool(row["source"] == item.source)
    if isinstance(item, LabelSlice):
        return lambda row: bool(row["label"] == item.label)
    most = float("inf") if item.max_words is None else item.max_words
    return lambda row: item.min_words <= len(row["review_body"].split()) <= most
