"""How a rule marks rows: which rules were met, why a row is out, and which other row explains it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from pipeline_code.reviews.cleaning.receipts import Rule
from pipeline_code.reviews.reasons import Reason
from pipeline_code.reviews.spark.frames import PLACE

_PLACE_TYPE = "struct<position: bigint, file: string, row: bigint>"


def unmarked(candidates: DataFrame) -> DataFrame:
    """Rows that are all kept so far, with the column `because` that `mark` fills."""
    return candidates.withColumn("because", f.lit(None).cast(_PLACE_TYPE))


def place() -> Column:
    """Where a row was read; the smallest of several places is the first."""
    return f.struct(*PLACE)


def is_kept() -> Column:
    """True for rows that no rule has taken out."""
    return f.col("reason").isNull()


def mark(
    rows: DataFrame,
    hit: Column,
    because: Column,
    *,
    rule: Rule | None = None,
    reason: Reason | None = None,
) -> DataFrame:
    """Note for the rows of `hit` that they met `rule`, and take them out for `reason`."""
    marked = rows.withColumn("hit", f.coalesce(hit, f.lit(False)))
    if rule is not None:
        longer = f.concat(f.col("met"), f.array(f.lit(rule.value)))
        marked = marked.withColumn("met", f.when(f.col("hit"), longer).otherwise(f.col("met")))
    if reason is not None:
        marked = marked.withColumn("because", f.when(f.col("hit"), because).otherwise(f.col("because")))
        out = f.when(f.col("hit"), f.lit(reason.value)).otherwise(f.col("reason"))
        marked = marked.withColumn("reason", out)
    return marked.drop("hit")
