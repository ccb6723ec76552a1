"""Text out of bytes: encodings, byte-order marks and lines of bounded length; nothing is guessed."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from pipeline_code.reviews.contract import Source
from pipeline_code.reviews.sources.pieces import Piece, open_piece
from pipeline_code.reviews.sources.rows import SourceError

LINE_CHARACTERS = 1 << 22
_KINDS = {
    b"\x1f\x8b": "is packed by gzip: let its name end in .gz",
    b"PK\x03\x04": "is a zip file (or an Excel workbook): let its name end in .zip, or save the sheet as CSV",
    b"PAR1": 'is Parquet: set format = "parquet"',
    b"BZh": "is packed by bzip2: unpack it or pack it by gzip",
    b"\xfd7zXZ\x00": "is packed by xz: unpack it or pack it by gzip",
    b"\x28\xb5\x2f\xfd": "is packed by zstd: unpack it or pack it by gzip",
    b"\xd0\xcf\x11\xe0": "is an old Office file: save the sheet as CSV",
}
_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32", ("utf-32", "utf-32-le")),
    (codecs.BOM_UTF32_BE, "utf-32", ("utf-32", "utf-32-be")),
    (codecs.BOM_UTF8, "utf-8", ("utf-8", "utf-8-sig")),
    (codecs.BOM_UTF16_LE, "utf-16", ("utf-16", "utf-16-le")),
    (codecs.BOM_UTF16_BE, "utf-16", ("utf-16", "utf-16-be")),
)


@contextmanager
def open_text(piece: Piece, source: Source, newline: str) -> Iterator[TextIO]:
    """A piece as text without its byte-order mark; bytes that do not decode become lone surrogates.

    Raises
    ------
    SourceError
        The file is empty, is no text, or its byte-order mark contradicts the contract's encoding.
    """
    with open_piece(piece, source) as stream:
        encoding = _checked_encoding(stream.peek(8)[:8], piece, source)
        with io.TextIOWrapper(stream, encoding=encoding, errors=_ESCAPE, newline=newline) as text:
            yield text


def _checked_encoding(head: bytes, piece: Piece, source: Source) -> str:
    where = f"source '{source.tag}': {piece.name}"
    if not head:
        raise SourceError(f"{where} is empty: remove it, or put the reviews in")
    for magic, advice in _KINDS.items():
        if head.startswith(magic):
            raise SourceError(f"{where} {advice}")
    declared = codecs.lookup(source.encoding).name
    for mark, name, codecs_of_it in _MARKS:
        if head.startswith(mark):
            if declared not in codecs_of_it:
                raise SourceError(
                    f"{where} begins with the byte-order mark of {name}, the contract says "
                    f'{source.encoding}: set encoding = "{name}"'
                )
            return "utf-8-sig" if name == "utf-8" else name
    return source.encoding


def numbered_lines(piece: Piece, source: Source) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1, without line ends; only what ends in LF is a line.

    A line of more than LINE_CHARACTERS is cut to LINE_CHARACTERS + 1, so that its length tells.
    """
    with open_text(piece, source, newline="\n") as stream:
        number = 0
        while line := stream.readline(LINE_CHARACTERS + 1):
            number += 1
            rest = line
            while len(rest) > LINE_CHARACTERS and not rest.endswith("\n"):
                rest = stream.readline(LINE_CHARACTERS + 1)
            yield number, line.rstrip("\r\n")


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in wrong), error.end


# Like surrogateescape, which gives up on ASCII bytes: UTF-16 and ISO-2022 have wrong ones among them.
_ESCAPE = "bertline-escape"
codecs.register_error(_ESCAPE, _escape)
