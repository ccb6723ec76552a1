"""Rules about rows with an equal key: repeated ids, one text with several labels, one text several times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline_code.reviews.cleaning.partitions import Records, key_starts

Rows = NDArray[np.uint32]


class Found(NamedTuple):
    """Rows that a rule found and, beside each, another row that explains why."""

    rows: Rows
    because_of: Rows


def repeats(records: Records) -> Found:
    """Rows whose key an earlier row has, with the first such row; `records` are sorted."""
    starts = key_starts(records)
    sizes = np.diff(np.append(starts, len(records)))
    firsts = np.repeat(records["row"][starts], sizes)
    later = records["row"] != firsts
    return Found(records["row"][later], firsts[later])


def conflicts(records: Records, keep_majority: bool = False) -> Found:
    """Rows whose key other rows have with another label, with the first of those; `records` are sorted.

    With `keep_majority` only the rows that do not have the label of most rows; of no row if two labels
    are equally frequent.
    """
    found: list[tuple[int, int]] = []
    starts = key_starts(records)
    if not len(starts):
        return _found(found)
    labels = records["label"]
    mixed = np.minimum.reduceat(labels, starts) != np.maximum.reduceat(labels, starts)
    ends = np.append(starts[1:], len(records))
    for start, end in zip(starts[mixed].tolist(), ends[mixed].tolist(), strict=True):
        rows, given = records["row"][start:end].tolist(), labels[start:end].tolist()
        kept = majority(given) if keep_majority else None
        found += [
            (row, next(other for other, its in zip(rows, given, strict=True) if its != label))
            for row, label in zip(rows, given, strict=True)
            if label != kept
        ]
    return _found(found)


def majority(labels: Sequence[int]) -> int | None:
    """The label that more rows have than any other, or None."""
    (best, votes), *rest = Counter(labels).most_common(2)
    return None if rest and rest[0][1] == votes else best


def _found(pairs: list[tuple[int, int]]) -> Found:
    table = np.array(pairs, np.uint32).reshape(-1, 2)
    return Found(table[:, 0], table[:, 1])
