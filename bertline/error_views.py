"""Errors of a model as tables: one by one, and by tag with what fixing them would gain."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bertline.answers import Answers, Json
from bertline.errors import BadParameter
from bertline.spreadsheets import not_written, one_line, write_csv

HumanTags = dict[str, list[str]]
_WIDEST = 90  # characters of a text in a table
_COLUMNS = (
    "review_id", "label", "predicted", "confidence", "human", "slices", "tags", "human_tags", "text"
)  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """Which errors are wanted: of a tag (automatic or human), a slice, a true class; None means all."""

    tag: str | None = None
    slice: str | None = None
    label: str | None = None


def errors_of(answers: Answers, human: HumanTags, chosen: Chosen) -> list[Json]:
    """The errors that are wanted, the most confident first, with their human tags.

    Raises
    ------
    BadParameter
        The execution knows no such class or slice, or no error has the tag.
    """
    evaluation = answers.evaluation
    _check("class", chosen.label, list(evaluation["classes"]))
    _check("slice", chosen.slice, list(evaluation["slices"]))
    rows = [{**row, "human_tags": human.get(row["review_id"], [])} for row in answers.mistakes]
    _check("tag", chosen.tag, sorted({tag for row in rows for tag in _all_tags(row)}))
    return [
        row
        for row in sorted(rows, key=lambda row: -float(row["confidence"]))
        if chosen.tag in (None, *_all_tags(row))
        and chosen.slice in (None, *row["slices"])
        and chosen.label in (None, row["label"])
    ]


def listed(rows: list[Json]) -> Table:
    """A line an error; human tags are bold."""
    table = Table("review", "true class", "answer", "confidence", "one person right", "tags", "text")
    for row in rows:
        tags = [*(f"[bold]{escape(tag)}[/]" for tag in row["human_tags"]), *map(escape, row["tags"])]
        person = "" if row["human"] is None else f"{row['human']:.2f}"
        names = (escape(str(row[key])) for key in ("review_id", "label", "predicted"))
        text = escape(one_line(row["text"], _WIDEST))
        table.add_row(*names, f"{row['confidence']:.2f}", person, ", ".join(tags), text)
    return table


def human_table(answers: Answers, human: HumanTags) -> list[Json]:
    """For each human tag how many errors have it, their share of all errors, and the points that they cost.

    Fixing an error gains one over the number of test rows. An error may have several tags, and errors that
    nobody has looked at have none: gains do not add up, and each is the least that a tag costs.
    """
    counts = Counter(tag for row in answers.mistakes for tag in human.get(row["review_id"], []))
    total, rows = len(answers.mistakes), len(answers.predictions)
    return [
        {"tag": tag, "errors": count, "share_of_errors": count / total, "gain": count / rows}
        for tag, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def show(answers: Answers, human: HumanTags, console: Console) -> None:
    """Print the table of automatic tags and, beside it, that of human tags."""
    found = answers.evaluation["error_analysis"]["table"]
    console.print(_automatic(found))
    tagged = human_table(answers, human)
    looked = sum(row["review_id"] in human for row in answers.mistakes)
    if tagged:
        console.print(_by_people(tagged))
        said = f"{looked} of {len(answers.mistakes)} errors have a human tag; gains do not add up"
    else:
        said = f"none of {len(answers.mistakes)} errors has a human tag: bertline errors tag REVIEW_ID TAG"
    console.print(said, highlight=False, markup=False, soft_wrap=True)


def write(path: Path, rows: list[Json]) -> None:
    """Write errors with their texts to a .csv or .jsonl file.

    Raises
    ------
    BadParameter
        The name ends otherwise, or the file cannot be written.
    """
    if path.suffix == ".jsonl":
        lines = (json.dumps({key: row[key] for key in _COLUMNS}, ensure_ascii=False) for row in rows)
        try:
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        except OSError as error:
            raise not_written(path, error) from error
    elif path.suffix == ".csv":
        write_csv(path, _COLUMNS, rows)
    else:
        raise BadParameter(f"{path} ends neither in .csv nor in .jsonl")


def _automatic(found: list[Json]) -> Table:
    table = Table("rank", "tag", "texts", "errors", "error rate", "one person", "gap", "ceiling gain, points")
    table.title, table.title_justify = "By what a text looks like", "left"
    for row in found:
        people = ("", "") if row["human"] is None else (f"{row['human']:.3f}", f"{row['gap']:+.3f}")
        counts = f"{row['rows']} ({row['share']:.0%})", str(row["errors"]), f"{row['error_rate']:.3f}"
        table.add_row(str(row["rank"]), escape(row["tag"]), *counts, *people, _points(row["ceiling_gain"]))
    return table


def _points(gain: Json | None) -> str:
    if gain is None:
        return "not known"
    low, high = gain["interval"]
    return f"{100 * gain['value']:.1f}  ({100 * low:.1f} to {100 * high:.1f})"


def _by_people(tagged: list[Json]) -> Table:
    table = Table("tag", "errors", "share of the errors", "fixing them gains, points")
    table.title, table.title_justify = "By what people say is wrong", "left"
    for row in tagged:
        figures = str(row["errors"]), f"{row['share_of_errors']:.0%}", f"{100 * row['gain']:.1f}"
        table.add_row(escape(row["tag"]), *figures)
    return table


def _check(kind: str, wanted: str | None, known: list[str]) -> None:
    if wanted is not None and wanted not in known:
        raise BadParameter(f"there is no {kind} {wanted!r} (there are: {', '.join(known) or 'none'})")


def _all_tags(row: Json) -> list[str]:
    return [*row["tags"], *row["human_tags"]]
