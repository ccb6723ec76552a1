"""Which classes the model takes for each other."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import percent


def section(pieces: Pieces) -> Section:
    """The confusion matrix: rows are what people said, columns what the model said."""
    found = pieces.evaluation["confusion_matrix"]
    names, counts = list(found["labels"]), found["counts"]
    rows = [
        {
            "name": names[place],
            "cells": [
                {"count": cell, "share": cell / sum(row) if sum(row) else 0.0, "right": place == column}
                for column, cell in enumerate(row)
            ],
        }
        for place, row in enumerate(counts)
    ]
    sentences = ["Rows are what people said, columns what the model said; the share is of the row."]
    sentences += _commonest(names, counts)
    return Section("confusion", "Which classes it confuses", sentences, {"labels": names, "rows": rows})


def _commonest(names: list[str], counts: list[list[int]]) -> Iterator[str]:
    wrong = [
        (cell, row, column)
        for row, cells in enumerate(counts)
        for column, cell in enumerate(cells)
        if row != column and cell
    ]
    if not wrong:
        yield "It confused none."
        return
    most, row, column = max(wrong, key=lambda item: item[0])
    share = percent(most / sum(counts[row]), 0)
    yield (
        f"Its commonest mistake is to call {names[row]} texts {names[column]}: {most} of "
        f"{sum(counts[row])} ({share})."
    )
