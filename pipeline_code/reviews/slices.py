"""Which slices of the contract a review belongs to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from pipeline_code.reviews.contract import (
    AgreementSlice,
    AttributeSlice,
    Contract,
    LabelSlice,
    PatternSlice,
    Slice,
    SourceSlice,
)
from pipeline_code.reviews.labels.ratings import modal_share, ratings_of
from pipeline_code.reviews.metrics import Ints

Reviewed = Mapping[str, Any]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


def slice_members(contract: Contract) -> Callable[[Reviewed], list[str]]:
    """A function from a row to the names of its slices, in the contract's order.

    A row needs `review_body`, `source`, `label` and `attributes` (a JSON object with text values).
    """
    tests = [(item.name, _test(item, contract)) for item in contract.slices]

    def members(row: Reviewed) -> list[str]:
        return [name for name, holds in tests if holds(row)]

    return members


def _test(item: Slice, contract: Contract) -> Callable[[Reviewed], bool]:
    if isinstance(item, PatternSlice):
        search = re.compile(item.pattern).search
        return lambda row: search(row["review_body"]) is not None
    if isinstance(item, AttributeSlice):
        return lambda row: json.loads(row["attributes"]).get(item.attribute, "") == item.value
    if isinstance(item, SourceSlice):
        return lambda row: bool(row["source"] == item.source)
    if isinstance(item, LabelSlice):
        return lambda row: bool(row["label"] == item.label)
    if isinstance(item, AgreementSlice):
        return _agreement(item, contract)
    most = float("inf") if item.max_words is None else item.max_words
    return lambda row: item.min_words <= len(row["review_body"].split()) <= most


def _agreement(item: AgreementSlice, contract: Contract) -> Callable[[Reviewed], bool]:
    """Holds for rows that several people rated, by the share of their commonest class."""

    def holds(row: Reviewed) -> bool:
        share = agreement(row["attributes"], contract)
        return share is not None and item.min_share <= share <= item.max_share

    return holds


def agreement(attributes: str, contract: Contract) -> float | None:
    """Share of the commonest class among people's ratings of a row; None if fewer than two are known."""
    return modal_share(ratings_of(attributes), contract)


class Tabular(Protocol):
    """Rows as columns: those of a split, or of an experiment."""

    @property
    def texts(self) -> Sequence[str]: ...
    @property
    def sources(self) -> Sequence[str]: ...
    @property
    def label_ids(self) -> Ints: ...
    @property
    def attributes(self) -> Sequence[str]: ...


def slice_masks(contract: Contract, rows: Tabular) -> dict[str, Mask]:
    """Which rows belong to each slice of the contract [rows], in the contract's order."""
    members = slice_members(contract)
    names = contract.class_names
    masks = {item.name: np.zeros(len(rows.texts), dtype=bool) for item in contract.slices}
    for row, text in enumerate(rows.texts):
        reviewed = {
            "review_body": text,
            "source": rows.sources[row],
            "label": names[int(rows.label_ids[row])],
            "attributes": rows.attributes[row],
        }
        for name in members(reviewed):
            masks[name][row] = True
    return masks
