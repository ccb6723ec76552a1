"""Near duplicates among the rows of all files: shared band keys, exact verification, components."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from pipeline_code.reviews.cleaning.minhash import MinHash, shingles_of, similarity
from pipeline_code.reviews.cleaning.near import Components
from pipeline_code.reviews.cleaning.receipts import Rule
from pipeline_code.reviews.contract import Cleaning
from pipeline_code.reviews.reasons import Reason
from pipeline_code.reviews.spark.components import components
from pipeline_code.reviews.spark.marks import is_kept, mark, place

_TEXTS = 256


def resolve_near(rows: DataFrame, cleaning: Cleaning) -> DataFrame:
    """Apply the rule for near duplicates and add `split_key`, whose hash decides the split of a row."""
    if cleaning.near_duplicates == "off":
        return rows.withColumn("split_key", f.col("group_id"))
    edges = near_edges(rows.filter(is_kept()), cleaning.near_duplicate_similarity)
    firsts = components(edges).select(f.col("node").alias("position"), f.col("name").alias("first"))
    firsts = firsts.filter("first < position")
    reason_of = rows.select(f.col("position").alias("first"), place().alias("first_place"), "group_id")
    firsts = firsts.join(reason_of.withColumnRenamed("group_id", "first_group"), "first").drop("first")
    known = rows.join(firsts, "position", "left")
    hit = f.col("first_place").isNotNull()
    reason = Reason.NEAR_DUPLICATES if cleaning.near_duplicates == "quarantine" else None
    marked = mark(known, hit, f.col("first_place"), rule=Rule.NEAR_DUPLICATES, reason=reason)
    marked = marked.drop("first_place")
    if cleaning.near_duplicates == "link":
        return _linked(marked).drop("first_group")
    return marked.withColumn("split_key", f.col("group_id")).drop("first_group")


def near_edges(texts: DataFrame, threshold: float) -> DataFrame:
    """Pairs `low`, `high` of positions whose texts are alike; each component of alike texts is connected."""
    keyed = texts.select("position", "review_body").rdd.mapPartitions(partial(_band_keys, threshold))
    keys = keyed.toDF("position bigint, band bigint").persist()
    shared = keys.groupBy("band").count().filter("count > 1").select("band")
    members = keys.join(shared, "band").join(texts.select("position", "review_body"), "position")
    buckets = members.repartition("band").sortWithinPartitions("band", "position")
    edges = buckets.select("band", "position", "review_body").rdd.mapPartitions(partial(_edges, threshold))
    return edges.toDF("low bigint, high bigint").distinct()


def _linked(rows: DataFrame) -> DataFrame:
    """Groups that near duplicates link share the smallest of their ids as split key."""
    across = rows.filter(f.col("first_group").isNotNull() & (f.col("first_group") != f.col("group_id")))
    names = components(across.select(f.col("first_group").alias("low"), f.col("group_id").alias("high")))
    names = names.select(f.col("node").alias("group_id"), f.col("name").alias("linked"))
    known = rows.join(names, "group_id", "left")
    return known.withColumn("split_key", f.coalesce("linked", "group_id")).drop("linked")


def _band_keys(threshold: float, rows: Iterator[Any]) -> Iterator[tuple[int, int]]:
    minhash = MinHash(threshold)
    for batch in _batches(rows):
        numbers, keys = minhash.band_keys(shingles_of([row["review_body"] for row in batch]))
        for number, bands in zip(numbers.tolist(), keys.astype(np.int64).tolist(), strict=True):
            for band in bands:
                yield batch[number]["position"], band


def _batches(rows: Iterator[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _TEXTS:
            yield batch
            batch = []
    if batch:
        yield batch


def _edges(threshold: float, members: Iterator[Any]) -> Iterator[tuple[int, int]]:
    """Verified pairs of each bucket; `members` are sorted by band. A bucket is held in memory."""
    for _, bucket in groupby(members, key=lambda row: row["band"]):
        rows = list(bucket)
        shingles = shingles_of([row["review_body"] for row in rows])
        joined = Components(len(rows))
        for later in range(len(rows)):
            for earlier in range(later):
                if joined.root(earlier) == joined.root(later):
                    continue
                if similarity(shingles.of(earlier), shingles.of(later)) >= threshold:
                    joined.join(earlier, later)
                    yield rows[earlier]["position"], rows[later]["position"]
