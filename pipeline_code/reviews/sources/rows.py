"""What readers yield: a row that was read, or a fault with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.reasons import Reason

RAW_CHARACTERS = 500
_SURROGATE = re.compile("[\ud800-\udfff]")


class SourceError(BertlineError):
    """A source as a whole cannot be read; the message names the source, file or column."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as read; nothing in it is checked yet.

    `file` is its path below the input directory (of a zip's member `archive.zip!member`), `file_index`
    its place among the source's files, `row` the number of its line, or in Parquet of the row, from 1.
    """

    file: str
    row: int
    raw: str
    text: object
    rating: object
    id: object = None
    group: object = None
    event_time: object = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    file_index: int = 0

    def fault(self, reason: Reason, detail: str) -> Fault:
        """This row, refused."""
        return Fault(self.file, self.row, reason, detail, self.raw, self.file_index)


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be used: where it is, why, and (capped) what it said."""

    file: str
    row: int
    reason: Reason
    detail: str
    raw: str
    file_index: int = 0

    def record(self) -> dict[str, object]:
        """As a line of the quarantine file."""
        return {
            "file": printable(self.file),
            "row": self.row,
            "reason": self.reason.value,
            "detail": printable(self.detail),
            "raw": printable(self.raw),
        }


def pack_position(source_index: int, file_index: int, row: int) -> int:
    """Where a row stands in the contract's order, as one number that fits a signed 64-bit integer.

    From above: 7 bits for the source, 20 for the file, 36 for the row.

    Raises
    ------
    SourceError
        More sources, files or rows than the bits can tell apart.
    """
    if not (0 <= source_index < 1 << 7 and 0 <= file_index < 1 << 20 and 0 <= row < 1 << 36):
        raise SourceError(
            f"source {source_index}, file {file_index}, row {row}: at most 128 sources, 1,048,576 files of "
            "a source and 68,719,476,735 rows of a file can be told apart; join the files"
        )
    return source_index << 56 | file_index << 36 | row


def is_undecodable(text: str) -> bool:
    """True if a byte of the source did not decode, or a lone surrogate was spelled out."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def printable(text: str) -> str:
    """Capped text with undecodable bytes made visible."""
    capped = text if len(text) <= RAW_CHARACTERS else text[:RAW_CHARACTERS] + "..."
    return capped.encode("utf-8", "backslashreplace").decode("utf-8")
