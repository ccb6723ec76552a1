"""All rows of all sources as one frame, each file read by one task."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pyspark import RDD, StorageLevel
from pyspark.sql import DataFrame, SparkSession

from pipeline_code.reviews.contract import Contract, MultiRaterSource, read_contract_directory
from pipeline_code.reviews.sources import SourceError, read_file, source_files
from pipeline_code.reviews.spark.frames import JUDGED, Places
from pipeline_code.reviews.spark.judging import Desk, Judged, stopped
from pipeline_code.reviews.spark.ratings import multi_rater_rows


def judged_rows(session: SparkSession, contract: Contract, places: Places) -> DataFrame:
    """Read and judge every row; the frame has the columns of `JUDGED` and is kept on disk.

    Raises
    ------
    SourceError
        As `read_source`: a file or column is missing, files differ, or a file cannot be read.
    """
    parts: list[RDD[Judged]] = []
    files = []
    for number, source in enumerate(contract.sources):
        if isinstance(source, MultiRaterSource):
            parts.append(multi_rater_rows(session, source, number, places))
        else:
            files += [(number, path) for path in source_files(source, places.input)]
    if files:
        tasks = session.sparkContext.parallelize(files, len(files))
        parts.append(tasks.mapPartitions(partial(_rows_of_files, places)))
    frame = session.createDataFrame(session.sparkContext.union(parts), JUDGED)
    frame = frame.persist(StorageLevel.DISK_ONLY)
    stops = sorted(row["stop"] for row in frame.filter("stop is not null").select("stop").collect())
    if stops:
        raise SourceError(stops[0])
    return frame


def _rows_of_files(places: Places, files: Iterator[tuple[int, Path]]) -> Iterator[Judged]:
    contract = read_contract_directory(places.contract)
    for number, path in files:
        desk = Desk(contract, number)
        try:
            for row in read_file(contract.sources[number], contract, places.input, path):
                yield desk.judged(row)
        except SourceError as error:
            yield stopped(str(error))
