"""From raw files to the rows of a dataset, each with its split: what Validate decides, on Spark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql import types as t

from pipeline_code.reviews.cleaning.cleaner import id_is_checked
from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.spark.duplicates import resolve_ids, resolve_texts
from pipeline_code.reviews.spark.frames import REVIEW_NAMES, Places
from pipeline_code.reviews.spark.marks import is_kept, unmarked
from pipeline_code.reviews.spark.near import resolve_near
from pipeline_code.reviews.spark.reading import judged_rows
from pipeline_code.reviews.splits import HASH, SplitShares, course_split

_OUT = ("position", "file", "row", "raw", "line", "reason", "because", "met", "review_id", "review_body")


@dataclass(frozen=True)
class Splitting:
    """How rows are split: shares, protocol and seed."""

    shares: SplitShares
    protocol: str
    seed: int


@dataclass(frozen=True)
class Cleaned:
    """The rows of a run: `out` has a reason for each, `kept` the columns of `store.SCHEMA` and `met`."""

    out: DataFrame
    kept: DataFrame

    def all_rows(self) -> DataFrame:
        """Every row that was read, as far as receipts need it."""
        names = ("position", "file", "row", "met", "review_id", "review_body")
        return self.out.select(*names).union(self.kept.select(*names))


def cleaned_rows(session: SparkSession, contract: Contract, places: Places, splitting: Splitting) -> Cleaned:
    """Read, judge, clean and split all rows; the frames are kept on disk.

    Raises
    ------
    SourceError
        A source as a whole cannot be read.
    SplitError
        The protocol Course finds too few rows of a class.
    """
    judged = judged_rows(session, contract, places)
    rows = unmarked(judged)
    candidates = rows.filter(is_kept())
    if any(id_is_checked(source, contract.cleaning) for source in contract.sources):
        candidates = resolve_ids(candidates)
    resolved = resolve_near(resolve_texts(candidates, contract.cleaning).localCheckpoint(), contract.cleaning)
    resolved = resolved.persist(StorageLevel.DISK_ONLY)
    out = rows.filter(~is_kept()).select(*_OUT).union(resolved.filter(~is_kept()).select(*_OUT))
    kept = resolved.filter(is_kept())
    kept = _with_split(session, kept, splitting).persist(StorageLevel.DISK_ONLY)
    places_and_review = ("position", "file", "row", "met", *REVIEW_NAMES, "split_key", "split")
    return Cleaned(out, kept.select(*places_and_review))


def _with_split(session: SparkSession, kept: DataFrame, splitting: Splitting) -> DataFrame:
    if splitting.protocol == HASH:
        shares = splitting.shares
        # A function with type hints would make Spark 4 ask for pandas.
        split_of = f.udf(lambda key: shares.split_of(key), t.StringType())  # noqa: PLW0108
        return kept.withColumn("split", split_of("split_key"))
    rows = kept.select("position", "review_id", "label_id").collect()
    if not rows:
        return kept.withColumn("split", f.lit(None).cast("string"))
    labels = np.array([row["label_id"] for row in rows], np.int64)
    splits = course_split([row["review_id"] for row in rows], labels, splitting.shares, splitting.seed)
    chosen = [(row["position"], split) for row, split in zip(rows, splits, strict=True)]
    return kept.join(session.createDataFrame(chosen, "position bigint, split string"), "position")
