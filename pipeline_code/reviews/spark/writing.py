"""What the run leaves behind: rows in quarantine, and features as Parquet, one part a split and task."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from pipeline_code.reviews import store
from pipeline_code.reviews.cleaning.verdicts import DETAILS
from pipeline_code.reviews.encoder import load_tokenizer
from pipeline_code.reviews.feature_files import FeatureFiles
from pipeline_code.reviews.features import Featurizer, SplitTally
from pipeline_code.reviews.reasons import Reason
from pipeline_code.reviews.sources import Fault
from pipeline_code.reviews.spark.frames import Places
from pipeline_code.reviews.tokenization import TokenizersBackend
from pipeline_code.reviews.truncation import truncation_for

_ROWS = 2048


@dataclass(frozen=True)
class Written:
    """What one task wrote: its name, which is part of its files' names, and its tallies."""

    name: str
    tallies: Mapping[str, SplitTally]


@dataclass(frozen=True)
class FeatureTask:
    """What every task needs to write its features."""

    places: Places
    folders: Mapping[str, Path]
    metadata: Mapping[str, str]
    max_seq_length: int
    truncation: str


def write_quarantine(out: DataFrame, path: Path) -> None:
    """Write the rows that are out as Validate does, in the order of their places."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as quarantine:
        for row in out.orderBy("position").toLocalIterator():
            quarantine.write((row["line"] or _line(row)) + "\n")


def _line(row: Any) -> str:
    because = f"{row['because']['file']}, row {row['because']['row']}"
    reason = Reason(row["reason"])
    fault = Fault(row["file"], row["row"], reason, DETAILS[reason].format(because), row["raw"])
    return json.dumps(fault.record(), ensure_ascii=False)


def write_features(rows: DataFrame, partitions: int, task: FeatureTask) -> list[Written]:
    """Write the features of rows that have a split; return what each task wrote, by name.

    Rows are spread by their group and sorted by id, so a task that runs twice writes equal bytes.
    """
    spread = rows.repartition(partitions, "group_id").sortWithinPartitions("review_id")
    written = spread.select(*store.SCHEMA.names).rdd.mapPartitionsWithIndex(partial(_write, task))
    return sorted(written.collect(), key=lambda item: str(item.name))


def _write(task: FeatureTask, number: int, rows: Iterator[Any]) -> Iterator[Written]:
    name = f"spark-{number:05d}"
    tokenizer = load_tokenizer(task.places.encoder)
    truncation = truncation_for(tokenizer, task.truncation, task.max_seq_length)
    featurizer = Featurizer(TokenizersBackend(tokenizer), truncation)
    with FeatureFiles(task.folders, name, task.metadata) as files:
        while batch := [row.asDict() for row in islice(rows, _ROWS)]:
            files.add(*featurizer.features(pa.RecordBatch.from_pylist(batch, schema=store.SCHEMA)))
    yield Written(name, files.tallies)
