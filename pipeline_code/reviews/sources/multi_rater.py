"""A file of texts joined with a file of every person's ratings; the review's rating is their mean."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

from pipeline_code.reviews.contract import LabelRule, MultiRaterSource
from pipeline_code.reviews.sources.rows import Fault, Reason, Row, files_of, is_undecodable, numbered_lines

Rating = float | Fault


def read_multi_rater(source: MultiRaterSource, rule: LabelRule, directory: Path) -> Iterator[Row | Fault]:
    """Yield one row a text. The ratings' means are held in memory, the texts are streamed."""
    ratings: dict[str, Rating] = {}
    for path in files_of(directory, source.ratings.files, source.tag):
        yield from _read_ratings(path, source, rule, ratings)
    for path in files_of(directory, source.texts.files, source.tag):
        yield from _read_texts(path, source, ratings)


def _read_ratings(
    path: Path, source: MultiRaterSource, rule: LabelRule, into: dict[str, Rating]
) -> Iterator[Fault]:
    columns = source.ratings.columns
    for number, line in numbered_lines(path, source.encoding):
        if not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) <= max(columns.id, columns.ratings):
            detail = f"{len(fields)} fields, need {max(columns.id, columns.ratings) + 1}"
            yield Fault(path.name, number, Reason.TOO_FEW_FIELDS, detail, line)
            continue
        name = fields[columns.id].strip()
        if name in into:
            yield Fault(path.name, number, Reason.DUPLICATE_ID, f"second ratings of id {name!r}", line)
            continue
        problem = _problem(fields[columns.ratings], rule)
        if problem is None:
            values = [float(value) for value in json.loads(fields[columns.ratings])]
            into[name] = math.fsum(values) / len(values)
        else:
            into[name] = Fault(path.name, number, problem[0], problem[1], line)


def _problem(field: str, rule: LabelRule) -> tuple[Reason, str] | None:
    try:
        values = json.loads(field)
    except ValueError:
        return Reason.RATING_NOT_A_NUMBER, "the ratings are not a list of numbers"
    if not isinstance(values, list):
        return Reason.RATING_NOT_A_NUMBER, "the ratings are not a list of numbers"
    if not values:
        return Reason.MISSING_RATING, "the list of ratings is empty"
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return Reason.RATING_NOT_A_NUMBER, f"one of the ratings is {value!r}"
        if not rule.rating_min <= value <= rule.rating_max:
            return (
                Reason.RATING_OUT_OF_RANGE,
                f"{value} is outside {rule.rating_min:g} ... {rule.rating_max:g}",
            )
    return None


def _read_texts(path: Path, source: MultiRaterSource, ratings: dict[str, Rating]) -> Iterator[Row | Fault]:
    columns = source.texts.columns
    last = max(columns.id, columns.text)
    for number, line in numbered_lines(path, source.encoding):
        if not line.strip():
            continue
        fields = line.split("\t", last)
        if is_undecodable(line):
            yield Fault(path.name, number, Reason.UNDECODABLE, f"not {source.encoding}", line)
        elif len(fields) <= last:
            yield Fault(
                path.name, number, Reason.TOO_FEW_FIELDS, f"{len(fields)} fields, need {last + 1}", line
            )
        else:
            yield _joined(path.name, number, line, fields[columns.id].strip(), fields[columns.text], ratings)


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
