"""Repeated ids, texts with conflicting labels, and exact duplicates, among the rows of all files."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as f

from pipeline_code.reviews.cleaning.receipts import Rule
from pipeline_code.reviews.contract import Cleaning
from pipeline_code.reviews.reasons import Reason
from pipeline_code.reviews.spark.marks import is_kept, mark, place


def resolve_ids(rows: DataFrame) -> DataFrame:
    """Take out rows whose id an earlier row has."""
    same_id = Window.partitionBy("id_checked", "review_id")
    known = rows.withColumn("first", f.min(place()).over(same_id))
    repeated = f.col("id_checked") & (f.col("position") > f.col("first.position"))
    return mark(known, repeated, f.col("first"), reason=Reason.DUPLICATE_ID).drop("first")


def resolve_texts(rows: DataFrame, cleaning: Cleaning) -> DataFrame:
    """Apply the rules for texts with conflicting labels, then for exact duplicates."""
    resolved = rows
    if cleaning.conflicting_labels != "off":
        resolved = _conflicting(resolved, cleaning)
    if cleaning.exact_duplicates != "off":
        resolved = _repeated(resolved, cleaning)
    return resolved


def _conflicting(rows: DataFrame, cleaning: Cleaning) -> DataFrame:
    """A text with several labels: all of its rows, or those without the label of most of them."""
    same_text = Window.partitionBy("text_key")
    same_label = Window.partitionBy("text_key", "label_id")
    labelled = f.struct(*(f.col(name) for name in ("position", "file", "row", "label_id")))
    kept_label = f.when(is_kept(), f.col("label_id"))
    known = (
        rows.withColumn("votes", f.count(kept_label).over(same_label))
        .withColumn("first", f.min(f.when(is_kept(), labelled)).over(same_text))
        .withColumn("mixed", f.min(kept_label).over(same_text) != f.max(kept_label).over(same_text))
    )
    has_other_label = f.col("label_id") != f.col("first.label_id")
    known = known.withColumn("other", f.min(f.when(is_kept() & has_other_label, place())).over(same_text))
    hit = is_kept() & f.col("mixed")
    if cleaning.conflicting_labels == "majority":
        known = known.withColumn("most", f.max("votes").over(same_text))
        best = f.when(is_kept() & (f.col("votes") == f.col("most")), f.col("label_id"))
        known = known.withColumn("tied", f.min(best).over(same_text) != f.max(best).over(same_text))
        hit = hit & (f.col("tied") | (f.col("votes") < f.col("most")))
    first = f.struct("first.position", "first.file", "first.row")
    because = f.when(has_other_label, first).otherwise(f.col("other"))
    reason = None if cleaning.conflicting_labels == "count" else Reason.CONFLICTING_LABELS
    marked = mark(known, hit, because, rule=Rule.CONFLICTING_LABELS, reason=reason)
    return marked.drop("votes", "first", "mixed", "other", "most", "tied")


def _repeated(rows: DataFrame, cleaning: Cleaning) -> DataFrame:
    same_text = Window.partitionBy("text_key")
    known = rows.withColumn("first", f.min(f.when(is_kept(), place())).over(same_text))
    hit = is_kept() & (f.col("position") > f.col("first.position"))
    reason = Reason.EXACT_DUPLICATES if cleaning.exact_duplicates == "quarantine" else None
    return mark(known, hit, f.col("first"), rule=Rule.EXACT_DUPLICATES, reason=reason).drop("first")
