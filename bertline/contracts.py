"""What commands need of a data contract: name, version, classes and queries. The jobs check it whole."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertline import runs
from bertline.errors import BadContract
from bertline.platform import Platform
from bertline.sources import Content, gather
from bertline.target import Target


@dataclass(frozen=True)
class SourceQuery:
    """A query whose result is a source: its Parquet file and the columns that the contract reads of it."""

    source: str
    engine: str
    sql: str
    file: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """The part of a contract that commands use; `classes` are the ids by name."""

    name: str
    version: str
    sha256: str
    classes: dict[str, int]
    queries: tuple[SourceQuery, ...]


def read(path: Path) -> Contract:
    """Read a contract file.

    Raises
    ------
    BadContract
        There is no such file, or it lacks what a contract must have.
    """
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise BadContract(f"{path} cannot be read: {error.strerror}") from None


def parse(content: bytes, shown: str) -> Contract:
    """A contract from the bytes of its file, which errors call `shown`.

    Raises
    ------
    BadContract
        It is not TOML, or lacks what a contract must have.
    """
    try:
        keys = tomllib.loads(content.decode("utf-8-sig"))
        return Contract(
            name=str(keys["name"]),
            version=str(keys["version"]),
            sha256=hashlib.sha256(content).hexdigest(),
            classes={str(item["name"]): int(item["id"]) for item in keys["classes"]},
            queries=tuple(_query(item, shown) for item in keys["sources"] if "query" in item),
        )
    except ValueError as error:
        raise BadContract(f"{shown} is not a data contract in TOML: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise BadContract(f"{shown} is not a whole data contract: it lacks or misuses {error}") from None


def in_use(target: Target, place: Platform) -> Contract:
    """The contract of the newest execution; before the first one, the deployed contract."""
    uri = runs.last_inputs(target, place).get("ContractUri") or _deployed(target, place)
    files = gather(target.client("s3"), [uri])
    found = [name for name in files if name.endswith(".toml")]
    if len(found) != 1:
        raise BadContract(
            f"{uri} holds {len(found)} contracts instead of one: upload one alone and run with it"
        )
    return parse(_bytes(files[found[0]]), f"{uri} ({found[0]})")


def check_versions(s3: Any, bucket: str, prefix: str, files: Mapping[str, Content]) -> None:
    """Refuse a contract that was changed without a new version.

    Raises
    ------
    BadContract
        An earlier upload below s3://bucket/prefix/ has the name and version, but another content; or the
        files are not one contract.
    """
    if len(files) != 1:
        raise BadContract(f"a contract is one .toml file, not {len(files)}: {', '.join(sorted(files)[:5])}")
    ((name, content),) = files.items()
    mine = parse(_bytes(content), name)
    for earlier, uploaded in _uploaded(s3, bucket, prefix).items():
        content_then = _bytes(uploaded)
        same_name = _identity(content_then) == (mine.name, mine.version)
        if same_name and hashlib.sha256(content_then).hexdigest() != mine.sha256:
            raise BadContract(
                f"{name}: {mine.name} {mine.version} was uploaded before with another content "
                f"(s3://{bucket}/{prefix}/{earlier}): bump the version"
            )


def _uploaded(s3: Any, bucket: str, prefix: str) -> dict[str, Content]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/")
    if not any(page.get("Contents") for page in pages):
        return {}
    found = gather(s3, [f"s3://{bucket}/{prefix}/"])
    return {name: content for name, content in found.items() if name.endswith(".toml")}


def _identity(content: bytes) -> tuple[str, str] | None:
    """Name and version of what was once uploaded as a contract; None if it is none."""
    try:
        keys = tomllib.loads(content.decode("utf-8-sig"))
    except ValueError:
        return None
    return str(keys.get("name")), str(keys.get("version"))


def _deployed(target: Target, place: Platform) -> str:
    declared = {p["Name"]: p for p in runs.definition(target, place)["Parameters"]}
    return str(declared["ContractUri"]["DefaultValue"])


def _query(source: Mapping[str, Any], shown: str) -> SourceQuery:
    tag, file, query = str(source["tag"]), str(source["files"]), source["query"]
    if any(mark in file for mark in "*?["):
        raise BadContract(
            f"{shown}: source {tag}: `files` is {file!r}, but a source with a query names its one file "
            "without wildcards, such as 'joined.parquet'"
        )
    columns = [*source["columns"].values(), *source.get("attributes", {}).values()]
    named = tuple(dict.fromkeys([*columns, *source.get("required", [])]))
    return SourceQuery(tag, str(query["engine"]), str(query["sql"]), file, named)


def _bytes(content: Content) -> bytes:
    with content.open() as stream:
        return stream.read()
