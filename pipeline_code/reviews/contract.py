"""The data contract: what a review is, what its label is, and what a model must reach; read from TOML."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.files import only_file
from pipeline_code.reviews.scalars import EARLIEST, LATEST

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
MAX_TEXT_CHARACTERS = 100_000  # what an endpoint accepts (serving/inference.py): a longer text trains in vain


class ContractError(BertlineError):
    """The contract file is missing, unreadable or contradicts itself; the message names file and key."""


def _below_input(pattern: str) -> str:
    parts = pattern.split("/")
    if not pattern.strip("./ ") or "\0" in pattern:
        raise ValueError("name files, such as '**/*.csv'")
    if pattern.startswith("/") or ".." in parts:
        raise ValueError(f"{pattern!r} leads out of the input: give a path below InputData, without '..'")
    if any("**" in part and part != "**" for part in parts):
        raise ValueError(f"{pattern!r}: '**' stands for folders and needs a '/' after it, as in '**/*.csv'")
    return pattern


FilePattern = Annotated[str, AfterValidator(_below_input)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class LabelClass(_Part):
    """One class: its position in the model's output, its name and the value the endpoint answers."""

    id: Annotated[int, Field(ge=0)]
    name: Name
    label: int


class LabelRule(_Part):
    """From a rating to a class: `cuts` part the rating scale into the classes, in their order.

    A rating equal to a cut belongs to the class nearer the middle of the scale, so cuts of -0.5 and
    0.5 leave both ends to the middle class.
    """

    kind: Literal["star_rating", "mean_human_rating"]
    cuts: Annotated[list[float], Field(min_length=1)]
    rating_min: float
    rating_max: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        bounds = [self.rating_min, *self.cuts, self.rating_max]
        if any(low >= high for low, high in pairwise(bounds)):
            raise ValueError("rating_min, cuts and rating_max must rise strictly")
        return self

    def class_id(self, rating: float) -> int:
        """Class of a rating inside [rating_min, rating_max]."""
        half = len(self.cuts) / 2
        return sum(
            rating >= cut if position < half else rating > cut for position, cut in enumerate(self.cuts)
        )


class TextColumns(_Part):
    """Positions (from 0) of the fields in a file of texts."""

    id: Annotated[int, Field(ge=0)]
    text: Annotated[int, Field(ge=0)]


class RatingColumns(_Part):
    """Positions (from 0) of the fields in a file of ratings; `ratings` holds a list like `[0, -1, 2]`."""

    id: Annotated[int, Field(ge=0)]
    ratings: Annotated[int, Field(ge=0)]


class TextFiles(_Part):
    files: FilePattern
    columns: TextColumns


class RatingFiles(_Part):
    files: FilePattern
    columns: RatingColumns


class _Source(_Part):
    tag: Name
    licence: Annotated[str, Field(min_length=1)]
    encoding: str = "utf-8"
    id_prefix: str = ""

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            b"\xff".decode(value, "surrogateescape")
        except (LookupError, ValueError):  # also of codecs that are no text encoding, such as rot13
            raise ValueError(f"no such encoding: {value} (name a text encoding, such as utf-8)") from None
        return value


class MultiRaterSource(_Source):
    """Tab-separated texts and, beside them, every person's rating of each text."""

    kind: Literal["multi_rater"]
    texts: TextFiles
    ratings: RatingFiles


class TableColumns(_Part):
    """Names of the columns; without `id` a review is named by a hash of its text."""

    text: str
    rating: str
    id: str | None = None
    group: str | None = None
    event_time: str | None = None


class TableSource(_Source):
    """A table with a header (CSV, TSV), one JSON object a line (JSONL), or Parquet."""

    kind: Literal["table"]
    format: Literal["csv", "tsv", "jsonl", "parquet"]
    files: FilePattern
    columns: TableColumns


Source = Annotated[MultiRaterSource | TableSource, Field(discriminator="kind")]


class GroupRule(_Part):
    """Which rows must never straddle two splits: those that share this group id."""

    rule: Literal["id", "column", "id_pattern"]
    pattern: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.rule == "id_pattern") != (self.pattern is not None):
            raise ValueError("pattern goes with rule = 'id_pattern', and only with it")
        if self.pattern is not None and _groups(self.pattern) != 1:
            raise ValueError("pattern must have exactly one group ( ): the group id")
        return self


def _groups(pattern: str) -> int:
    try:
        return re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"pattern {pattern!r} is not a regular expression: {error}") from None


class EventTime(_Part):
    """When a review was written: a constant for a source without dates, or columns.event_time."""

    rule: Literal["constant", "column"]
    constant: datetime | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.rule == "constant") != (self.constant is not None):
            raise ValueError("constant goes with rule = 'constant', and only with it")
        if self.constant is not None and self.constant.tzinfo is None:
            raise ValueError("constant needs a time zone, such as 2014-06-01T00:00:00Z")
        if self.constant is not None and not EARLIEST <= self.constant < LATEST:
            raise ValueError(f"constant must lie between {EARLIEST.year} and {LATEST.year - 1}")
        return self

    def constant_seconds(self) -> float | None:
        """The constant in UNIX seconds, or None for rule = 'column'."""
        return None if self.constant is None else self.constant.astimezone(UTC).timestamp()


class GateFloors(_Part):
    """What a model must reach before it may be registered."""

    macro_f1: Share
    recall: dict[str, Share]
    macro_f1_margin_over_tfidf: Share
    bootstrap_samples: Annotated[int, Field(ge=100, le=100_000)]


class Contract(_Part):
    """A checked data contract."""

    name: Name
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    description: str
    max_quarantine_share: Share
    max_text_characters: Annotated[int, Field(ge=1, le=MAX_TEXT_CHARACTERS)]
    classes: Annotated[list[LabelClass], Field(min_length=2)]
    label_rule: LabelRule
    group: GroupRule
    event_time: EventTime
    sources: Annotated[list[Source], Field(min_length=1)]
    gate: GateFloors

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for problem in (self._class_problem(), self._gate_problem(), self._source_problem()):
            if problem:
                raise ValueError(problem)
        return self

    def _class_problem(self) -> str | None:
        if [item.id for item in self.classes] != list(range(len(self.classes))):
            return "classes: ids must be 0, 1, 2 ... in order"
        names, labels = {item.name for item in self.classes}, {item.label for item in self.classes}
        if len(names) < len(self.classes) or len(labels) < len(self.classes):
            return "classes: every class needs its own name and label"
        if len(self.label_rule.cuts) != len(self.classes) - 1:
            return f"label_rule.cuts: {len(self.classes)} classes need {len(self.classes) - 1} cuts"
        return None

    def _gate_problem(self) -> str | None:
        unknown = set(self.gate.recall) - set(self.class_names)
        return f"gate.recall: no such class: {', '.join(sorted(unknown))}" if unknown else None

    def _source_problem(self) -> str | None:
        for number, source in enumerate(self.sources):
            columns = source.columns if isinstance(source, TableSource) else None
            if self.group.rule == "column" and (columns is None or columns.group is None):
                return f"sources.{number}.columns.group: needed by group.rule = 'column'"
            if self.event_time.rule == "column" and (columns is None or columns.event_time is None):
                return f"sources.{number}.columns.event_time: needed by event_time.rule = 'column'"
        return None

    @property
    def class_names(self) -> list[str]:
        """Class names in the order of their ids."""
        return [item.name for item in self.classes]

    def describe(self) -> dict[str, str]:
        """Name and version, as they travel with every file made under this contract."""
        return {"name": self.name, "version": self.version}


def read_contract(path: Path) -> Contract:
    """Read and check a contract file.

    Raises
    ------
    ContractError
        The file is missing, is not TOML, or a key is missing, unknown or wrong.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ContractError(f"{path} does not exist: name a contract file") from None
    except (ValueError, RecursionError) as error:  # bytes, syntax, numbers of 4,300 digits, depth
        raise ContractError(f"{path} is not a TOML file: {error}") from None
    try:
        return Contract.model_validate(content)
    except ValidationError as error:
        raise ContractError(f"{path}: {_first_problems(error)}") from None


def read_contract_directory(directory: Path) -> Contract:
    """Read the only .toml file of a directory."""
    return read_contract(only_file(directory, "*.toml", "contract"))


def _first_problems(error: ValidationError, limit: int = 5) -> str:
    problems = []
    for item in error.errors()[:limit]:
        key = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        problems.append(f"{key}: {message}" if key else message)
    return "; ".join(problems)
