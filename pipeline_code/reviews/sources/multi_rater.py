"""A file of texts joined with a file of every person's ratings; the review's rating is their mean."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

from pipeline_code.reviews.contract import LabelRule, MultiRaterSource
from pipeline_code.reviews.reasons import Reason, Refused
from pipeline_code.reviews.sources.pieces import Piece, pieces_of
from pipeline_code.reviews.sources.ratings import Ratings, RatingsTable
from pipeline_code.reviews.sources.rows import Fault, Row, is_undecodable
from pipeline_code.reviews.sources.text import LINE_CHARACTERS, numbered_lines


def read_multi_rater(source: MultiRaterSource, rule: LabelRule, directory: Path) -> Iterator[Row | Fault]:
    """Yield one row a text, and a fault for ratings without a text.

    The texts are streamed, the ratings' means wait for them in a database on disk.
    """
    texts = pieces_of(directory, source.texts.files, source)
    ratings = pieces_of(directory, source.ratings.files, source, first_index=len(texts))
    with RatingsTable() as table:
        for piece in ratings:
            for number, line in filled_lines(piece, source):
                fault = note_ratings(piece, number, line, source, rule, table)
                if fault is not None:
                    yield fault
        for piece in texts:
            for number, line in filled_lines(piece, source):
                yield row_of(piece, number, line, source, table)
        for name, item in table.unused():
            yield Fault(
                item.file, item.row, Reason.MISSING_TEXT, f"no text for id {name!r}", name, item.file_index
            )


def filled_lines(piece: Piece, source: MultiRaterSource) -> Iterator[tuple[int, str]]:
    """The lines of a file that hold anything, with their numbers."""
    return ((number, line) for number, line in numbered_lines(piece, source) if line.strip())


def note_ratings(
    piece: Piece, number: int, line: str, source: MultiRaterSource, rule: LabelRule, into: RatingsTable
) -> Fault | None:
    """Keep the mean of one line of ratings, or the problem that its text will meet."""
    columns = source.ratings.columns
    try:
        fields = _fields(line, source, max(columns.id, columns.ratings) + 1)
    except Refused as refused:
        return Fault(piece.name, number, refused.reason, refused.detail, line, piece.index)
    name = fields[columns.id].strip()
    try:
        values = _values(fields[columns.ratings], rule)
        mean = math.fsum(values) / len(values)
        said = _attributes(values, piece, number, source)
        ratings = Ratings(piece.name, piece.index, number, mean, attributes=said)
    except Refused as refused:
        reason = refused.reason.value
        ratings = Ratings(piece.name, piece.index, number, None, reason, refused.detail)
    if into.add(name, ratings):
        return None
    detail = f"second ratings of id {name!r}"
    return Fault(piece.name, number, Reason.DUPLICATE_ID, detail, line, piece.index)


def _fields(line: str, source: MultiRaterSource, needed: int, most: int = -1) -> list[str]:
    if len(line) > LINE_CHARACTERS:
        raise Refused(Reason.LINE_TOO_LONG, f"more than {LINE_CHARACTERS} characters in one line")
    if is_undecodable(line):
        raise Refused(Reason.UNDECODABLE, f"not {source.encoding}")
    if "\0" in line:
        raise Refused(Reason.NUL_CHARACTER, "a NUL character in the line")
    fields = line.split("\t", most)
    if len(fields) < needed:
        raise Refused(Reason.TOO_FEW_FIELDS, f"{len(fields)} fields, need {needed}")
    return fields


def _attributes(values: list[float], piece: Piece, number: int, source: MultiRaterSource) -> str:
    """Every rating and, where the file tells people apart, who gave it: as attributes of the review."""
    said = {"ratings": json.dumps([int(value) if value == int(value) else value for value in values])}
    if source.rater_block is not None:
        block = f"{piece.index}-{(number - 1) // source.rater_block}"
        said["raters"] = json.dumps([f"{block}-{place}" for place in range(len(values))])
    return json.dumps(said)


def _values(field: str, rule: LabelRule) -> list[float]:
    try:
        values = json.loads(field)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list):
        raise Refused(Reason.RATING_NOT_A_NUMBER, "the ratings are not a list of numbers")
    if not values:
        raise Refused(Reason.MISSING_RATING, "the list of ratings is empty")
    return [_rating(value, rule) for value in values]


def _rating(value: object, rule: LabelRule) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        _, rating = rule.decide(value, ())
        if rating is not None:
            return rating
    raise Refused(Reason.RATING_NOT_A_NUMBER, "one of the ratings is not a finite number")


def row_of(
    piece: Piece, number: int, line: str, source: MultiRaterSource, table: RatingsTable
) -> Row | Fault:
    columns = source.texts.columns
    last = max(columns.id, columns.text)
    try:
        fields = _fields(line, source, last + 1, most=last)
    except Refused as refused:
        _forget(line, source, table)
        return Fault(piece.name, number, refused.reason, refused.detail, line, piece.index)
    name = fields[columns.id].strip()
    ratings = table.take(name)
    if ratings is None:
        detail = f"no ratings for id {name!r}"
        return Fault(piece.name, number, Reason.MISSING_RATING, detail, line, piece.index)
    if ratings.mean is None:
        detail = f"{ratings.file}, row {ratings.row}: {ratings.detail}"
        return Fault(piece.name, number, Reason(ratings.reason), detail, line, piece.index)
    return Row(
        piece.name,
        number,
        line,
        text=fields[columns.text],
        rating=ratings.mean,
        id=name,
        attributes=json.loads(ratings.attributes),
        file_index=piece.index,
    )


def _forget(line: str, source: MultiRaterSource, table: RatingsTable) -> None:
    """A bad text is one fault: its ratings shall not become another."""
    fields = line[:LINE_CHARACTERS].split("\t", source.texts.columns.id + 1)
    if len(fields) > source.texts.columns.id:
        name = fields[source.texts.columns.id].strip()
        if not is_undecodable(name):
            table.take(name)
