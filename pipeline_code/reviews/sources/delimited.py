"""CSV and TSV with a header, streamed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from pipeline_code.reviews.contract import TableSource
from pipeline_code.reviews.reasons import Reason
from pipeline_code.reviews.sources.pieces import Piece
from pipeline_code.reviews.sources.records import row_of
from pipeline_code.reviews.sources.rows import Fault, Row, SourceError
from pipeline_code.reviews.sources.schema import Schema, require_columns, unique_names
from pipeline_code.reviews.sources.text import LINE_CHARACTERS, open_text


def schema(piece: Piece, source: TableSource) -> Schema:
    """The header of a file; what its columns hold is not known."""
    with open_text(piece, source, newline="") as stream:
        header = _Records(stream, piece, source).header()
    return Schema(piece.name, dict.fromkeys(header, ""))


def rows(piece: Piece, source: TableSource) -> Iterator[Row | Fault]:
    """The rows below the header. TSV is read without quoting, CSV strictly with it.

    Strictly, because a reader that forgives a stray quotation mark joins rows without a word.
    """
    with open_text(piece, source, newline="") as stream:
        records = _Records(stream, piece, source)
        header = records.header()
        for number, fields in records:
            if isinstance(fields, Fault):
                yield fields
            elif len(fields) == len(header):
                values = dict(zip(header, fields, strict=True))
                yield row_of(piece, number, _joined(fields, source), values, source)
            elif fields:
                reason = Reason.TOO_FEW_FIELDS if len(fields) < len(header) else Reason.TOO_MANY_FIELDS
                detail = f"{len(fields)} fields, the header has {len(header)}"
                yield Fault(piece.name, number, reason, detail, _joined(fields, source), piece.index)


def _joined(fields: list[str], source: TableSource) -> str:
    return ("\t" if source.format == "tsv" else ",").join(fields)


class _Records:
    """Records of a delimited file with the number of the line on which each begins."""

    def __init__(self, stream: TextIO, piece: Piece, source: TableSource) -> None:
        csv.field_size_limit(LINE_CHARACTERS)
        tab = source.format == "tsv"
        self._piece, self._source = piece, source
        self._lines = _Lines(stream, self._where(""))
        self._reader = csv.reader(
            self._lines,
            delimiter="\t" if tab else ",",
            quoting=csv.QUOTE_NONE if tab else csv.QUOTE_MINIMAL,
            strict=True,
        )

    def header(self) -> list[str]:
        """The first record, checked against the contract."""
        try:
            names = next(self._reader, [])
        except csv.Error as error:
            raise SourceError(f"{self._where(', row 1')}: the header is not readable: {error}") from None
        if names:
            names[0] = names[0].removeprefix("\ufeff")
        unique_names(self._piece, self._source, names)
        require_columns(self._piece, self._source, names)
        return names

    def __iter__(self) -> Iterator[tuple[int, list[str] | Fault]]:
        while True:
            number = self._reader.line_num + 1
            self._lines.first = ""
            try:
                yield number, next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, self._fault(number, error)

    def _fault(self, number: int, error: csv.Error) -> Fault:
        if self._lines.ended:
            raise SourceError(
                f"{self._where(f', row {number}')}: a quotation mark is opened here and never closed: "
                "all rows below would be part of one field; correct the file"
            ) from None
        if "field limit" in str(error):
            raise SourceError(
                f"{self._where(f', row {number}')}: a field of more than {LINE_CHARACTERS} characters begins "
                "in this row; is a quotation mark not closed?"
            ) from None
        raw = self._lines.first.rstrip("\r\n")
        return Fault(self._piece.name, number, Reason.MALFORMED_CSV, str(error), raw, self._piece.index)

    def _where(self, place: str) -> str:
        return f"source '{self._source.tag}': {self._piece.name}{place}"


class _Lines:
    """Lines of bounded length that remember the first one of a record, and whether they ended."""

    def __init__(self, stream: TextIO, where: str) -> None:
        self._stream, self._where = stream, where
        self._number = 0
        self.first = ""
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(LINE_CHARACTERS + 1)
        if not line:
            self.ended = True
            raise StopIteration
        self._number += 1
        if len(line) > LINE_CHARACTERS:
            raise SourceError(
                f"{self._where}, row {self._number}: more than {LINE_CHARACTERS} characters in one line; "
                "is it a text file with line ends?"
            )
        self.first = self.first or line
        return line
