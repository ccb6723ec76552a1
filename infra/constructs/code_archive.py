"""Pack the job code into a tar.gz whose content depends on nothing but the code."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CODE_SUFFIXES = (".py", ".html.j2", ".css")
EXCLUDED_FOLDERS = frozenset({"tests", "__pycache__"})


@dataclass(frozen=True)
class CodeArchive:
    """A gzipped tar and the SHA-256 of the tar inside.

    The fingerprint is taken before compression: two builds of zlib may compress the same bytes differently.
    """

    data: bytes
    fingerprint: str


def pack_code(folder: Path, libraries: Mapping[str, bytes] | None = None) -> CodeArchive:
    """Pack the Python modules and templates of a package folder below its own name, and libraries beside it.

    Parameters
    ----------
    folder
        The package, for example `.../pipeline_code`; its top folder in the archive has its name.
    libraries
        Content by path of what the code imports and the job image lacks; each in a top folder of its own.

    Raises
    ------
    FileNotFoundError
        When the folder holds no code.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in [*_members(folder), *sorted((libraries or {}).items())]:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(content))
    tar = buffer.getvalue()
    return CodeArchive(
        data=gzip.compress(tar, compresslevel=9, mtime=0), fingerprint=hashlib.sha256(tar).hexdigest()
    )


def _members(folder: Path) -> Iterator[tuple[str, bytes]]:
    files = sorted(
        (path.relative_to(folder).as_posix(), path)
        for path in folder.rglob("*")
        if path.is_file() and path.name.endswith(CODE_SUFFIXES)
    )
    kept = [(name, path) for name, path in files if not EXCLUDED_FOLDERS.intersection(name.split("/")[:-1])]
    if not kept:
        raise FileNotFoundError(f"{folder}: there is no job code to pack")
    for name, path in kept:
        yield f"{folder.name}/{name}", path.read_bytes()
