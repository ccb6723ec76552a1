"""The cards of datasets: what each was made of, in the artifact bucket under the dataset's hash."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from bertline.errors import BertlineError

FOLDER = "datasets/"


@dataclass(frozen=True)
class Card:
    """What a dataset was made of, and when an execution last made it."""

    content: dict[str, Any]
    made: datetime

    @property
    def hash(self) -> str:
        """The dataset's hash."""
        return str(self.content["hash"])


def find(s3: Any, bucket: str, start: str) -> Card:
    """The dataset whose hash begins so.

    Raises
    ------
    BertlineError
        None does, or more than one.
    """
    found = list(_objects(s3, bucket, start.strip().lower()))
    if not found:
        raise BertlineError(f"no dataset begins with {start!r}: `bertline data list` shows them")
    hashes = sorted({_hash(item) for item in found})
    if len(hashes) > 1:
        names = ", ".join(name[:16] for name in hashes[:5])
        raise BertlineError(
            f"{len(hashes)} datasets begin with {start!r} ({names} ...): give more of the hash"
        )
    # A dataset read from the Feature Store has a card for each time; that of its run knows the files too.
    return _read(s3, bucket, min(found, key=lambda item: len(item["Key"])))


def newest(s3: Any, bucket: str, most: int) -> list[Card]:
    """The datasets that were made last, the newest first."""
    found = sorted(_objects(s3, bucket, ""), key=lambda item: item["LastModified"], reverse=True)
    return [_read(s3, bucket, item) for item in found[:most]]


def listed(cards: list[Card]) -> Table:
    """A line a dataset."""
    table = Table("dataset", "rows", "contract", "features", "made")
    for card in cards:
        content = card.content
        table.add_row(
            card.hash[:16],
            f"{content['rows']:,}",
            f"{content['contract']['name']} {content['contract']['version']}",
            str(content["features"]),
            f"{card.made:%Y-%m-%d %H:%M:%S}",
        )
    return table


def show(card: Card, console: Console) -> None:
    """Print what a dataset was made of: identity, splits and sources."""
    console.print(_identity(card), highlight=False)
    console.print(_splits(card.content), highlight=False)
    console.print(_sources(card.content["sources"]), highlight=False)


def _identity(card: Card) -> Table:
    content = card.content
    contract = content["contract"]
    group = f" of {content['feature_group']}" if content["feature_group"] else ""
    table = Table(title=f"dataset {card.hash}", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("value", overflow="fold")
    for what, value in (
        ("rows", f"{content['rows']:,} (hash {content['rows_hash']})"),
        ("left out", f"{content['left_out']:,}"),
        ("contract", f"{contract['name']} {contract['version']} (SHA-256 {contract['sha256']})"),
        ("split rule", str(content["split_rule"])),
        ("tokenizer", str(content["tokenizer_fingerprint"])),
        ("token length", f"{content['max_seq_length']}, {content['truncation']}"),
        ("features", f"{content['features']}{group}"),
    ):
        table.add_row(what, value)
    return table


def _splits(content: dict[str, Any]) -> Table:
    names = list(content["classes"])
    table = Table("split", "rows", *names, title="rows of each split and class", title_justify="left")
    for split, counts in content["splits"].items():
        table.add_row(
            split, f"{counts['rows']:,}", *(f"{counts['classes'].get(name, 0):,}" for name in names)
        )
    table.add_row("all", f"{content['rows']:,}", *(f"{content['classes'][name]:,}" for name in names))
    return table


def _sources(sources: list[dict[str, Any]]) -> Table:
    table = Table(
        "source", "licence", "reviews", "file", "bytes", "SHA-256", title="sources", title_justify="left"
    )
    for source in sources:
        files = source["files"]
        for number, file in enumerate(files):
            first = (source["tag"], source["licence"], f"{source['reviews']:,}")
            digest = str(file["sha256"])[:16]
            table.add_row(*(("", "", "") if number else first), file["name"], f"{file['bytes']:,}", digest)
    return table


def _objects(s3: Any, bucket: str, start: str) -> Iterator[dict[str, Any]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{FOLDER}{start}")
    for page in pages:
        yield from (item for item in page.get("Contents", []) if item["Key"].endswith(".json"))


def _read(s3: Any, bucket: str, item: dict[str, Any]) -> Card:
    with s3.get_object(Bucket=bucket, Key=item["Key"])["Body"] as body:
        return Card(json.load(body), item["LastModified"])


def _hash(item: dict[str, Any]) -> str:
    return str(item["Key"]).removeprefix(FOLDER).split(".")[0]
