"""The files of a source, each zip member a piece of its own, opened as streams of bytes."""

from __future__ import annotations

import fnmatch
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pipeline_code.reviews.contract import Source
from pipeline_code.reviews.sources.rows import SourceError

if TYPE_CHECKING:
    from typing_extensions import Buffer

EXPANDED_BYTES = 64 << 20  # up to here any ratio is allowed: a small file of equal lines packs well
EXPANDED_RATIO = 200  # text packs 3 to 20 times; more than this is a mistake or an attack
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_BUFFER = 1 << 16


@dataclass(frozen=True, slots=True)
class Piece:
    """A file or a zip's member. `name` is how faults and errors call it, `index` its place in the source."""

    path: Path
    member: str | None
    name: str
    index: int


def files_of(directory: Path, pattern: str, tag: str) -> list[Path]:
    """Files below `directory` that match, sorted; none is a SourceError that lists what is there."""
    matches = sorted(path for path in directory.glob(pattern) if not path.is_dir())
    for path in matches:
        if not path.is_file():
            raise SourceError(
                f"source '{tag}': {name_of(path, directory)} is no regular file (a broken link?); "
                "replace it by the file itself or correct the contract's pattern"
            )
    if matches:
        return matches
    present = sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
    listing = ", ".join(present[:10]) + (" ..." if len(present) > 10 else "") if present else "no files"
    raise SourceError(f"source '{tag}': no file matches '{pattern}' in {directory} (found: {listing})")


def name_of(path: Path, directory: Path) -> str:
    """A file as faults and errors name it: its path below the input directory."""
    return path.relative_to(directory).as_posix()


def pieces_of(directory: Path, pattern: str, source: Source, first_index: int = 0) -> list[Piece]:
    """All files that match, in the order of their names, zip files replaced by the members to read.

    Raises
    ------
    SourceError
        No file matches, or a zip file is damaged, encrypted, empty, or expands beyond reason.
    """
    found: list[tuple[Path, str | None]] = []
    for path in files_of(directory, pattern, source.tag):
        if path.suffix.lower() == ".zip":
            found += [(path, member) for member in _members(path, name_of(path, directory), source)]
        else:
            found.append((path, None))
    return [
        Piece(path, member, _piece_name(path, directory, member), index)
        for index, (path, member) in enumerate(found, start=first_index)
    ]


def _piece_name(path: Path, directory: Path, member: str | None) -> str:
    name = name_of(path, directory)
    return name if member is None else f"{name}!{member}"


def _members(path: Path, name: str, source: Source) -> list[str]:
    where = f"source '{source.tag}': {name}"
    with _readable(where), zipfile.ZipFile(path) as archive:
        infos = [item for item in archive.infolist() if not item.is_dir() and not _is_hidden(item.filename)]
    chosen = [item for item in infos if fnmatch.fnmatchcase(item.filename, source.members)]
    if not chosen:
        listing = ", ".join(sorted(item.filename for item in infos)[:10]) or "none"
        raise SourceError(f"{where} has no member that matches '{source.members}' (members: {listing})")
    for item in chosen:
        _check_member(item, where)
    names = sorted(item.filename for item in chosen)
    if len(set(names)) < len(names):
        raise SourceError(f"{where} holds two members of one name; pack it again")
    expanded, packed = sum(item.file_size for item in chosen), path.stat().st_size
    if expanded > _bound(packed):
        raise SourceError(_too_large(where, expanded, packed))
    return names


def _is_hidden(member: str) -> bool:
    """What file managers leave in archives."""
    return member.startswith("__MACOSX/") or member.rpartition("/")[2].startswith(".")


def _check_member(item: zipfile.ZipInfo, where: str) -> None:
    if item.flag_bits & _ENCRYPTED:
        raise SourceError(f"{where}: {item.filename} is encrypted; unpack it with its password first")
    if item.compress_type not in _ZIP_METHODS:
        raise SourceError(f"{where}: {item.filename} is packed by another method than deflate; pack it again")
    if item.filename.lower().endswith((".zip", ".gz")):
        raise SourceError(f"{where}: {item.filename} is an archive inside an archive; unpack the outer one")


def _bound(packed: int) -> int:
    return max(EXPANDED_BYTES, EXPANDED_RATIO * packed)


def _too_large(where: str, expanded: int, packed: int) -> str:
    return (
        f"{where} expands to {expanded} bytes or more from {packed}: over {EXPANDED_RATIO} times its size; "
        "unpack it yourself if that is right"
    )


@contextmanager
def open_piece(piece: Piece, source: Source) -> Iterator[io.BufferedReader]:
    """The bytes of a piece, unpacked on the way; nothing is written to disk.

    Raises
    ------
    SourceError
        The file is damaged, cut short, or expands beyond reason; also while it is being read.
    """
    where = f"source '{source.tag}': {piece.name}"
    with _readable(where), ExitStack() as stack:
        if piece.member is not None:
            archive = stack.enter_context(zipfile.ZipFile(piece.path))
            member = stack.enter_context(archive.open(piece.member))
            yield io.BufferedReader(cast("io.RawIOBase", member), _BUFFER)
            return
        stream = stack.enter_context(piece.path.open("rb"))
        if piece.path.suffix.lower() == ".gz":
            packed = piece.path.stat().st_size
            unpacked = stack.enter_context(gzip.GzipFile(fileobj=stream))
            stream = io.BufferedReader(_Bounded(unpacked, packed, where), _BUFFER)
        yield stream


class _Bounded(io.RawIOBase):
    """A stream that refuses to grow beyond the bound of its packed size."""

    def __init__(self, stream: gzip.GzipFile, packed: int, where: str) -> None:
        self._stream, self._packed, self._where = stream, packed, where
        self._expanded = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill the buffer as far as the stream reaches."""
        filled = self._stream.readinto(buffer)
        self._expanded += filled
        if self._expanded > _bound(self._packed):
            raise SourceError(_too_large(self._where, self._expanded, self._packed))
        return filled


@contextmanager
def _readable(where: str) -> Iterator[None]:
    try:
        yield
    except EOFError:
        raise SourceError(f"{where} is cut short: copy or pack it again") from None
    except (OSError, zlib.error, zipfile.BadZipFile, NotImplementedError, UnicodeError) as error:
        raise SourceError(f"{where} cannot be read: {error}; copy or pack it again") from None
