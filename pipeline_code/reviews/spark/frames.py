"""The columns of the frames that the steps hand on, and the paths that every executor reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import types as t

REVIEW = (
    ("review_id", t.StringType()),
    ("group_id", t.StringType()),
    ("review_body", t.StringType()),
    ("source", t.StringType()),
    ("rating", t.DoubleType()),
    ("label", t.StringType()),
    ("label_id", t.LongType()),
    ("event_time", t.DoubleType()),
    ("attributes", t.StringType()),
)
REVIEW_NAMES = tuple(name for name, _ in REVIEW)
PLACE = ("position", "file", "row")
# `line` is a row of the quarantine file, `met` the cleaning rules that were met; `line` is null for a
# review that no rule removed by itself, `stop` for a source that can be read.
JUDGED = t.StructType(
    [
        t.StructField("position", t.LongType()),
        t.StructField("file", t.StringType()),
        t.StructField("row", t.LongType()),
        t.StructField("raw", t.StringType()),
        t.StructField("stop", t.StringType()),
        t.StructField("line", t.StringType()),
        t.StructField("reason", t.StringType()),
        t.StructField("met", t.ArrayType(t.StringType())),
        *(t.StructField(name, kind) for name, kind in REVIEW),
        t.StructField("id_checked", t.BooleanType()),
        t.StructField("text_key", t.BinaryType()),
    ]
)


@dataclass(frozen=True)
class Places:
    """Folders that lie at the same path on the driver and on every executor."""

    input: Path
    contract: Path
    encoder: Path


def place_key(position: int) -> int:
    """`pack_position` as a signed number of 64 bits, in the same order: Spark has no unsigned ones."""
    return position - (1 << 63)
