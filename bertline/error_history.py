"""Error rates by tag across the registered versions of a model."""

import json
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from urllib.parse import urlparse

from botocore.exceptions import ClientError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bertline.answers import PREDICTIONS, Json
from bertline.error_tags import TagStore
from bertline.errors import BadParameter, BertlineError
from bertline.platform import Platform
from bertline.target import Target


@dataclass(frozen=True)
class Rate:
    """Errors among rows."""

    errors: int
    rows: int


@dataclass(frozen=True)
class Version:
    """A registered version's errors: of all rows, by automatic tag, and by row where that is kept."""

    number: int
    test_hash: str
    accuracy: float
    tags: dict[str, Rate]
    correct: dict[str, bool]

    def rate(self, reviews: set[str]) -> Rate:
        """Of those reviews that are in its test rows."""
        held = [right for review, right in self.correct.items() if review in reviews]
        return Rate(held.count(False), len(held))


@dataclass(frozen=True)
class History:
    """The versions, the oldest first, and which reviews of their test rows people gave which tag."""

    versions: list[Version]
    reviews: dict[str, set[str]]

    def automatic(self) -> list[str]:
        """Tags that programs gave: those of the newest version by their errors, then those of older ones."""
        newest = self.versions[-1].tags
        names = dict.fromkeys([*newest, *(tag for version in self.versions for tag in version.tags)])
        return sorted(names, key=lambda name: -newest[name].errors if name in newest else 1)

    def only(self, tag: str) -> "History":
        """The same with one tag, be it automatic, human or both.

        Raises
        ------
        BadParameter
            No version and no person gave such a tag.
        """
        known = {*self.automatic(), *self.reviews}
        if tag not in known:
            raise BadParameter(f"there is no tag {tag!r} (there are: {', '.join(sorted(known)) or 'none'})")
        versions = [
            replace(version, tags={name: rate for name, rate in version.tags.items() if name == tag})
            for version in self.versions
        ]
        return History(versions, {name: ids for name, ids in self.reviews.items() if name == tag})


def read(target: Target, place: Platform, most: int) -> History:
    """The newest versions that were registered with an evaluation that still is there.

    Raises
    ------
    BertlineError
        There is none.
    """
    sagemaker, s3 = target.client("sagemaker"), target.client("s3")
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=place.model_package_group
    )
    packages = [package for page in pages for package in page["ModelPackageSummaryList"]]
    packages.sort(key=lambda package: -int(package["ModelPackageVersion"]))
    versions: list[Version] = []
    for package in packages:
        found = _version(sagemaker, s3, package)
        versions += [found] if found else []
        if len(versions) == most:
            break
    if not versions:
        raise BertlineError(
            f"no version of {place.model_package_group} has an evaluation: `bertline run` registers one "
            "if its model passes the gate"
        )
    seen = dict.fromkeys(review for version in versions for review in version.correct)
    reviews: dict[str, set[str]] = {}
    for review, tags in TagStore(s3, place.artifact_bucket).read(seen).items():
        for tag in tags:
            reviews.setdefault(tag, set()).add(review)
    return History(versions[::-1], reviews)


def show(history: History, console: Console) -> None:
    """Print a row a tag and a column a version."""
    versions = history.versions
    table = Table("tag", *(f"version {version.number}" for version in versions))
    table.title, table.title_justify = "Error rate (errors of texts)", "left"
    table.add_row("all", *(f"{1 - version.accuracy:.3f}" for version in versions))
    for name in history.automatic():
        table.add_row(escape(name), *(_shown(version.tags.get(name)) for version in versions))
    for name, reviews in sorted(history.reviews.items()):
        table.add_row(f"[bold]{escape(name)}[/]", *(_wrong(version.rate(reviews)) for version in versions))
    console.print(table)
    for note in _notes(history):
        console.print(note, highlight=False, markup=False, soft_wrap=True)


def _notes(history: History) -> list[str]:
    notes = [
        f"versions {older.number} and {newer.number} were tested on different test splits: their rates are "
        "not comparable"
        for older, newer in pairwise(history.versions)
        if older.test_hash != newer.test_hash
    ]
    if history.reviews:
        notes.append(
            "bold: of the texts with a human tag that a version was tested on, how many it gets wrong; "
            "most were tagged because some version did"
        )
    return notes


def _version(sagemaker: Any, s3: Any, package: Json) -> Version | None:
    held = sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
    uri = held.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri")
    content = _content(s3, uri) if uri else None
    if uri is None or content is None:
        return None
    evaluation = json.loads(content)
    lines = _content(s3, f"{uri.rsplit('/', 1)[0]}/{PREDICTIONS}") or ""
    predictions = [json.loads(line) for line in lines.split("\n") if line]
    return Version(
        number=int(package["ModelPackageVersion"]),
        test_hash=str(evaluation["test_hash"]),
        accuracy=float(evaluation["metrics"]["accuracy"]["value"]),
        tags={
            row["tag"]: Rate(int(row["errors"]), int(row["rows"]))
            for row in evaluation.get("error_analysis", {}).get("table", [])
        },
        correct={row["review_id"]: bool(row["correct"]) for row in predictions},
    )


def _content(s3: Any, uri: str) -> str | None:
    place = urlparse(uri)
    try:
        with s3.get_object(Bucket=place.netloc, Key=place.path.strip("/"))["Body"] as body:
            return str(body.read().decode("utf-8"))
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        return None


def _shown(rate: Rate | None) -> str:
    return f"{rate.errors / rate.rows:.3f} ({rate.errors} of {rate.rows})" if rate and rate.rows else "-"


def _wrong(rate: Rate) -> str:
    return f"{rate.errors} of {rate.rows} wrong" if rate.rows else "-"
