"""Which dataset it is: a hash over rows, contract, tokenizer and split rule, and what it was made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

FEATURES_OF_THE_RUN = "run"
_MODULUS = 1 << 256
_ROW = (
    "review_id",
    "group_id",
    "split_key",
    "review_body",
    "source",
    "label_id",
    "event_time",
    "attributes",
    "split",
)
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


class MultisetHash:
    """A hash of a multiset: the same in any order and over any number of shards.

    The SHA-256 of the members are added modulo 2**256, so hashes of shards add up.
    """

    def __init__(self, value: int = 0) -> None:
        self._value = value

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `hexdigest`."""
        return cls(int(text, 16))

    def add_bytes(self, content: bytes) -> None:
        """Add one member."""
        digest = hashlib.sha256(content).digest()
        self._value = (self._value + int.from_bytes(digest, "big")) % _MODULUS

    def merge(self, other: MultisetHash) -> None:
        """Add the members that another hash stands for."""
        self._value = (self._value + other._value) % _MODULUS

    def hexdigest(self) -> str:
        """64 hex digits; all zero for nothing."""
        return f"{self._value:064x}"


class RowsHash(MultisetHash):
    """The hash of a dataset's rows, whichever job wrote them and into how many files."""

    def add(self, row: Mapping[str, Any]) -> None:
        """Add one row: ids, text, source, label, time, attributes, split; other columns are ignored."""
        self.add_bytes(_canonical([row[name] for name in _ROW]).encode())


@dataclass
class DatasetTally:
    """Rows of a dataset, counted and hashed; tallies of shards add up."""

    content: RowsHash = field(default_factory=RowsHash)
    splits: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, row: Mapping[str, Any]) -> None:
        """Take one row, which has `split` and `label`."""
        self.content.add(row)
        classes = self.splits.setdefault(row["split"], {})
        classes[row["label"]] = classes.get(row["label"], 0) + 1

    def merge(self, other: DatasetTally) -> None:
        """Take the rows that another tally has seen."""
        self.content.merge(other.content)
        for split, classes in other.splits.items():
            mine = self.splits.setdefault(split, {})
            for name, rows in classes.items():
                mine[name] = mine.get(name, 0) + rows

    def split_report(self, splits: Sequence[str], class_names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Rows and classes of each split, in the order of the names given; absent ones are 0."""
        found = {split: self.splits.get(split, {}) for split in splits}
        return {
            split: {
                "rows": sum(classes.values()),
                "classes": {name: classes.get(name, 0) for name in class_names},
            }
            for split, classes in found.items()
        }


@dataclass(frozen=True, slots=True)
class Recipe:
    """What turns a contract's rows into features: tokenizer, split rule, length and truncation."""

    tokenizer_fingerprint: str
    split_rule: str
    max_seq_length: int
    truncation: str


def dataset_hash(rows_hash: str, contract_sha256: str, recipe: Recipe) -> str:
    """Hex SHA-256 that names a dataset; the number of instances that made it does not enter."""
    made_of = {"rows_hash": rows_hash, "contract_sha256": contract_sha256, **asdict(recipe)}
    return hashlib.sha256(_canonical(made_of).encode()).hexdigest()


def dataset_card(
    tally: DatasetTally,
    recipe: Recipe,
    *,
    contract: Mapping[str, str],
    splits: Sequence[str],
    class_names: Sequence[str],
    sources: Sequence[Mapping[str, Any]],
    left_out: int = 0,
    features: str = FEATURES_OF_THE_RUN,
    feature_group: str | None = None,
) -> dict[str, Any]:
    """What a dataset was made of, as JSON without clock and host names: equal runs give equal bytes.

    Parameters
    ----------
    contract
        `Contract.describe()`: name, version and sha256.
    splits, class_names
        Names in the order in which the counts are listed.
    sources
        As in validation.json; tag, licence, reviews and files are kept.
    left_out
        Rows that the split protocol left out.
    features
        "run", or the time (ISO 8601) as of which the Feature Store was read.
    feature_group
        Name of the feature group that was read.
    """
    rows_hash = tally.content.hexdigest()
    split_report = tally.split_report(splits, class_names)
    classes = {name: sum(item["classes"][name] for item in split_report.values()) for name in class_names}
    return {
        "hash": dataset_hash(rows_hash, contract["sha256"], recipe),
        "rows_hash": rows_hash,
        "rows": sum(item["rows"] for item in split_report.values()),
        "classes": classes,
        "splits": split_report,
        "left_out": left_out,
        "contract": dict(contract),
        **asdict(recipe),
        "features": features,
        "feature_group": feature_group,
        "sources": [
            {name: source[name] for name in ("tag", "licence", "reviews", "files")} for source in sources
        ],
    }
