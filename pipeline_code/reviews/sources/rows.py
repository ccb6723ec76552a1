"""What readers yield: a row that was read, or a fault with its reason."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from pipeline_code.reviews.errors import BertlineError

RAW_CHARACTERS = 500
_SURROGATE = re.compile("[\ud800-\udfff]")


class SourceError(BertlineError):
    """A source as a whole cannot be read; the message names the source, file or column."""


class Reason(StrEnum):
    """Why a row is in quarantine."""

    EMPTY_TEXT = "empty_text"
    TEXT_NOT_A_STRING = "text_not_a_string"
    TEXT_TOO_LONG = "text_too_long"
    MISSING_VALUE = "missing_value"
    MISSING_RATING = "missing_rating"
    RATING_NOT_A_NUMBER = "rating_not_a_number"
    RATING_OUT_OF_RANGE = "rating_out_of_range"
    UNDECODABLE = "undecodable"
    DUPLICATE_ID = "duplicate_id"
    TOO_FEW_FIELDS = "too_few_fields"
    TOO_MANY_FIELDS = "too_many_fields"
    INVALID_JSON = "invalid_json"
    NO_GROUP = "no_group"
    UNREADABLE_EVENT_TIME = "unreadable_event_time"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as read; nothing in it is checked yet. `file` is its path below the input directory."""

    file: str
    row: int
    raw: str
    text: object
    rating: object
    id: object = None
    group: object = None
    event_time: object = None

    def fault(self, reason: Reason, detail: str) -> Fault:
        """This row, refused."""
        return Fault(self.file, self.row, reason, detail, self.raw)


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be used: where it is, why, and (capped) what it said."""

    file: str
    row: int
    reason: Reason
    detail: str
    raw: str

    def record(self) -> dict[str, object]:
        """As a line of the quarantine file."""
        return {
            "file": self.file,
            "row": self.row,
            "reason": self.reason.value,
            "detail": self.detail,
            "raw": printable(self.raw),
        }


def files_of(directory: Path, pattern: str, tag: str) -> list[Path]:
    """Files below `directory` that match, sorted; none is a SourceError that lists what is there."""
    found = sorted(path for path in directory.glob(pattern) if path.is_file())
    if found:
        return found
    present = sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
    listing = ", ".join(present[:10]) + (" ..." if len(present) > 10 else "") if present else "no files"
    raise SourceError(f"source '{tag}': no file matches '{pattern}' in {directory} (found: {listing})")


def name_of(path: Path, directory: Path) -> str:
    """A file as faults and errors name it: its path below the input directory."""
    return path.relative_to(directory).as_posix()


def numbered_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1; a byte that does not decode becomes a lone surrogate."""
    with open_text(path, encoding, newline="\n") as stream:
        for number, line in enumerate(stream, start=1):
            yield number, line.rstrip("\r\n")


def open_text(path: Path, encoding: str, newline: str) -> TextIO:
    """Open a text file without its byte-order mark; bytes that do not decode become lone surrogates."""
    without_bom = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    return path.open(encoding=without_bom, errors=_ESCAPE, newline=newline)


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in wrong), error.end


# Like surrogateescape, which gives up on ASCII bytes: UTF-16 and ISO-2022 have wrong ones among them.
_ESCAPE = "bertline-escape"
codecs.register_error(_ESCAPE, _escape)


def is_undecodable(text: str) -> bool:
    """True if a byte of the source did not decode, or a lone surrogate was spelled out."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def printable(text: str) -> str:
    """Capped text with undecodable bytes made visible."""
    capped = text if len(text) <= RAW_CHARACTERS else text[:RAW_CHARACTERS] + "..."
    return capped.encode("utf-8", "backslashreplace").decode("utf-8")
