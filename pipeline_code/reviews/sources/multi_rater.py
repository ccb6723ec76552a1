"""A file of texts joined with a file of every person's ratings; the review's rating is their mean."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

from pipeline_code.reviews.contract import LabelRule, MultiRaterSource
from pipeline_code.reviews.scalars import number_of
from pipeline_code.reviews.sources.rows import (
    Fault,
    Reason,
    Row,
    files_of,
    is_undecodable,
    name_of,
    numbered_lines,
)

Rating = float | Fault


def read_multi_rater(source: MultiRaterSource, rule: LabelRule, directory: Path) -> Iterator[Row | Fault]:
    """Yield one row a text. The ratings' means are held in memory, the texts are streamed."""
    ratings: dict[str, Rating] = {}
    for path in files_of(directory, source.ratings.files, source.tag):
        for number, line in _filled_lines(path, source):
            fault = _note_ratings(name_of(path, directory), number, line, source, rule, ratings)
            if fault is not None:
                yield fault
    for path in files_of(directory, source.texts.files, source.tag):
        for number, line in _filled_lines(path, source):
            yield _text(name_of(path, directory), number, line, source, ratings)


def _filled_lines(path: Path, source: MultiRaterSource) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in numbered_lines(path, source.encoding) if line.strip())


def _note_ratings(
    file: str, number: int, line: str, source: MultiRaterSource, rule: LabelRule, into: dict[str, Rating]
) -> Fault | None:
    """Keep the mean of one line of ratings, or the fault that its text will meet."""
    columns = source.ratings.columns
    fields = line.split("\t")
    if len(fields) <= max(columns.id, columns.ratings):
        detail = f"{len(fields)} fields, need {max(columns.id, columns.ratings) + 1}"
        return Fault(file, number, Reason.TOO_FEW_FIELDS, detail, line)
    name = fields[columns.id].strip()
    if name in into:
        return Fault(file, number, Reason.DUPLICATE_ID, f"second ratings of id {name!r}", line)
    try:
        into[name] = _mean(fields[columns.ratings], rule)
    except _Unusable as problem:
        into[name] = Fault(file, number, problem.reason, problem.detail, line)
    return None


class _Unusable(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def _mean(field: str, rule: LabelRule) -> float:
    try:
        values = json.loads(field)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list):
        raise _Unusable(Reason.RATING_NOT_A_NUMBER, "the ratings are not a list of numbers")
    if not values:
        raise _Unusable(Reason.MISSING_RATING, "the list of ratings is empty")
    ratings = [_rating(value, rule) for value in values]
    return math.fsum(ratings) / len(ratings)


def _rating(value: object, rule: LabelRule) -> float:
    rating = None if isinstance(value, str) else number_of(value)
    if rating is None:
        raise _Unusable(Reason.RATING_NOT_A_NUMBER, "one of the ratings is not a finite number")
    if not rule.rating_min <= rating <= rule.rating_max:
        detail = f"{rating:g} is outside {rule.rating_min:g} ... {rule.rating_max:g}"
        raise _Unusable(Reason.RATING_OUT_OF_RANGE, detail)
    return rating


def _text(
    file: str, number: int, line: str, source: MultiRaterSource, ratings: dict[str, Rating]
) -> Row | Fault:
    columns = source.texts.columns
    last = max(columns.id, columns.text)
    fields = line.split("\t", last)
    if is_undecodable(line):
        return Fault(file, number, Reason.UNDECODABLE, f"not {source.encoding}", line)
    if len(fields) <= last:
        return Fault(file, number, Reason.TOO_FEW_FIELDS, f"{len(fields)} fields, need {last + 1}", line)
    return _joined(file, number, line, fields[columns.id].strip(), fields[columns.text], ratings)


def _joined(
    file: str, number: int, line: str, name: str, text: str, ratings: dict[str, Rating]
) -> Row | Fault:
    rating = ratings.get(name)
    if rating is None:
        return Fault(file, number, Reason.MISSING_RATING, f"no ratings for id {name!r}", line)
    if isinstance(rating, Fault):
        detail = f"{rating.file}, row {rating.row}: {rating.detail}"
        return Fault(file, number, rating.reason, detail, line)
    return Row(file, number, line, text=text, rating=rating, id=name)
