"""Texts joined with their ratings by Spark; each line is read by the functions of the multi-rater reader."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

from pyspark import RDD
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f
from pyspark.sql import types as t

from pipeline_code.reviews.contract import LabelRule, MultiRaterSource, read_contract_directory
from pipeline_code.reviews.reasons import Reason
from pipeline_code.reviews.sources import Fault, Row, SourceError
from pipeline_code.reviews.sources.multi_rater import filled_lines, note_ratings, row_of
from pipeline_code.reviews.sources.pieces import Piece, pieces_of
from pipeline_code.reviews.sources.ratings import Ratings, RatingsTable
from pipeline_code.reviews.spark.frames import Places
from pipeline_code.reviews.spark.judging import Desk, Judged, stopped

_TEXT, _RATINGS, _STOP = "text", "ratings", "stop"
_LINES = t.StructType(
    [
        t.StructField("kind", t.StringType()),
        t.StructField("name", t.StringType()),
        t.StructField("file", t.StringType()),
        t.StructField("file_index", t.LongType()),
        t.StructField("row", t.LongType()),
        t.StructField("line", t.BinaryType()),  # a line that does not decode holds lone surrogates
    ]
)
_PLACE = ("file", "file_index", "row", "line")


def multi_rater_rows(
    session: SparkSession, source: MultiRaterSource, source_index: int, places: Places
) -> RDD[Judged]:
    """Judged rows of a multi-rater source, as `read_source` gives them.

    Raises
    ------
    SourceError
        No file matches, or a zip file is damaged. What is found while a file is read becomes a `stop`.
    """
    texts = pieces_of(places.input, source.texts.files, source)
    ratings = pieces_of(places.input, source.ratings.files, source, first_index=len(texts))
    pieces = [(_TEXT, piece) for piece in texts] + [(_RATINGS, piece) for piece in ratings]
    tasks = session.sparkContext.parallelize(pieces, len(pieces))
    read = partial(_lines, places.contract, source_index)
    lines = session.createDataFrame(tasks.mapPartitions(read), _LINES).persist()
    return _joined(lines).rdd.mapPartitions(partial(_judged, places.contract, source_index))


def _joined(lines: DataFrame) -> DataFrame:
    """Each text beside the first ratings of its id; ratings that are refused or second stand alone."""
    by_name = Window.partitionBy("name").orderBy("file_index", "row")
    ratings = lines.filter(f.col("kind") == _RATINGS).withColumn("rank", f.row_number().over(by_name))
    is_first = f.col("name").isNotNull() & (f.col("rank") == 1)
    first = ratings.filter(is_first).select("name", f.struct(*_PLACE).alias("ratings"))
    texts = lines.filter(f.col("kind") == _TEXT).select("name", f.struct(*_PLACE).alias("text"))
    pairs = texts.join(first, "name", "full").select("text", "ratings", f.lit(True).alias("first"))
    alone = ratings.filter(~is_first).union(lines.filter(f.col("kind") == _STOP).withColumn("rank", f.lit(0)))
    nothing = f.lit(None).cast(t.StructType([_LINES[name] for name in _PLACE]))
    rest = alone.select(nothing.alias("text"), f.struct(*_PLACE).alias("ratings"), f.lit(False))
    return pairs.union(rest)


def _lines(contract_dir: Path, source_index: int, pieces: Iterator[tuple[str, Piece]]) -> Iterator[Any]:
    contract = read_contract_directory(contract_dir)
    source = cast("MultiRaterSource", contract.sources[source_index])
    for kind, piece in pieces:
        try:
            for number, line in filled_lines(piece, source):
                name = _name(kind, piece, line, source, contract.label_rule)
                yield kind, name, piece.name, piece.index, number, _bytes(line)
        except SourceError as error:
            yield _STOP, None, piece.name, piece.index, 0, _bytes(str(error))


def _name(kind: str, piece: Piece, line: str, source: MultiRaterSource, rule: LabelRule) -> str | None:
    """The id in a line, or None in a line that cannot be read."""
    table = _OneText()
    if kind == _TEXT:
        row_of(piece, 0, line, source, table)
    else:
        note_ratings(piece, 0, line, source, rule, table)
    return table.name


def _judged(contract_dir: Path, source_index: int, pairs: Iterator[Any]) -> Iterator[Judged]:
    contract = read_contract_directory(contract_dir)
    source = cast("MultiRaterSource", contract.sources[source_index])
    desk = Desk(contract, source_index)
    for pair in pairs:
        if not pair["first"] and pair["ratings"]["row"] == 0:
            yield stopped(_text(pair["ratings"]["line"]))
        else:
            yield desk.judged(_read(pair, source, contract.label_rule))


def _read(pair: Any, source: MultiRaterSource, rule: LabelRule) -> Row | Fault:
    """The row or fault that the sequential reader makes of a text and the ratings of its id."""
    table = _OneText(is_first=pair["first"])
    if pair["ratings"] is not None:
        place = pair["ratings"]
        line = _text(place["line"])
        fault = note_ratings(_piece(place), place["row"], line, source, rule, table)
        if fault is not None:
            return fault
    if pair["text"] is not None:
        place = pair["text"]
        return row_of(_piece(place), place["row"], _text(place["line"]), source, table)
    detail, name = f"no text for id {table.name!r}", table.name or ""
    place = pair["ratings"]
    return Fault(place["file"], place["row"], Reason.MISSING_TEXT, detail, name, place["file_index"])


class _OneText(RatingsTable):
    """A table of at most one entry, held in memory."""

    def __init__(self, *, is_first: bool = True) -> None:
        self.name: str | None = None
        self.ratings: Ratings | None = None
        self._is_first = is_first

    def add(self, name: str, ratings: Ratings) -> bool:
        """Keep the ratings; False if other ratings of the id came before."""
        self.name, self.ratings = name, ratings
        return self._is_first

    def take(self, name: str) -> Ratings | None:
        """The ratings, which are those of this id."""
        self.name = name
        return self.ratings


def _piece(place: Any) -> Piece:
    return Piece(Path(), None, place["file"], place["file_index"])


def _bytes(line: str) -> bytes:
    return line.encode("utf-8", "surrogatepass")


def _text(line: bytearray) -> str:
    return bytes(line).decode("utf-8", "surrogatepass")
