"""Files for people: CSV that a spreadsheet shows instead of running it, and texts on one line of a table."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bertline.errors import BadParameter

# Spreadsheets take a cell that begins with one of these for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Any) -> Any:
    """A value as a cell: texts that would be formulas get a leading apostrophe, lists become one text."""
    text = "; ".join(value) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and _risky(text) else text


def plain(text: str) -> str:
    """The text that `cell` was made of, for files that come back."""
    return text[1:] if text.startswith("'") and _risky(text) else text


def _risky(text: str) -> bool:
    # An apostrophe of the text itself counts as one of ours, so that `plain` undoes `cell` for every text.
    return text.lstrip("'").startswith(_FORMULA)


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    """Write the named columns of rows to a CSV file.

    Raises
    ------
    BadParameter
        The file cannot be written.
    """
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(columns)
            out.writerows([cell(row[name]) for name in columns] for row in rows)
    except OSError as error:
        raise not_written(path, error) from error


def not_written(path: Path, error: OSError) -> BadParameter:
    """What says that a file cannot be written."""
    return BadParameter(f"{path} cannot be written: {error.strerror}; name a file in a folder that is there")


def one_line(text: str, widest: int) -> str:
    """A text of customers for a table: one line of at most so many characters, none that a terminal obeys."""
    flat = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return flat if len(flat) <= widest else flat[: widest - 1] + "…"
