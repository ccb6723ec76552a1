"""Pure Python packages that travel with the job code, for jobs that have no network to install them."""

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import PurePosixPath


class CannotVendor(Exception):
    """An installed package cannot be packed; the message names it and what to do."""


def vendored_files(package: str) -> dict[str, bytes]:
    """The files of an installed package, and its licence, as the archive of the job code holds them.

    Parameters
    ----------
    package
        Name of the distribution and of its one top folder, such as `py3langid`.

    Returns
    -------
    dict of str to bytes
        Content by path; the paths begin with the package's name. No compiled files.

    Raises
    ------
    CannotVendor
        It is not installed, holds machine code, or carries no licence.
    """
    try:
        found = distribution(package)
    except PackageNotFoundError:
        raise CannotVendor(f"{package} is not installed: run `make setup`") from None
    files = {path: content for path, content in _files(found) if path.parts[0] == package}
    binary = next((path for path in files if path.suffix in (".so", ".pyd", ".dylib")), None)
    if binary or not files:
        raise CannotVendor(f"{package} is not a pure Python package{f' ({binary})' if binary else ''}")
    licences = {path: content for path, content in _files(found) if _is_licence(path)}
    if not licences:
        raise CannotVendor(f"{package} {found.version} carries no licence file: it may not be passed on")
    packed = {path.as_posix(): content for path, content in files.items()}
    return packed | {f"{package}/{path.name}": content for path, content in licences.items()}


def _files(found: Distribution) -> list[tuple[PurePosixPath, bytes]]:
    return [
        (PurePosixPath(path.as_posix()), path.read_binary())
        for path in found.files or []
        if path.suffix != ".pyc" and ".." not in path.parts
    ]


def _is_licence(path: PurePosixPath) -> bool:
    inside = any(part.endswith(".dist-info") for part in path.parts[:-1])
    return inside and path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))
