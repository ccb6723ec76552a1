"""Where reviews come from: files, their format and encoding, and which column is what."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from pipeline_code.reviews.contract.part import FilePattern, Name, Part, Text


class _Source(Part):
    tag: Name
    """Short name of the source; it travels with every review and names the source in errors."""
    licence: Text
    """Licence of the data, as it appears in the dataset card."""
    labelled_by: Text | None = None
    """Who says what the label is, such as "the customer who wrote the review"."""
    encoding: str = "utf-8"
    """Encoding of text files. A byte-order mark is recognised; bytes that do not decode are never guessed."""
    id_prefix: str = ""
    """Put before every id of this source, to keep the ids of several sources apart."""
    members: Text = "*"
    """Which members of a zip file are read, such as "*.csv"."""

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            b"\xff".decode(value, "surrogateescape")
        except (LookupError, ValueError):  # also of codecs that are no text encoding, such as rot13
            raise ValueError(f"no such encoding: {value} (name a text encoding, such as utf-8)") from None
        return value


class TextColumns(Part):
    """Positions of the fields in a file of texts."""

    id: Annotated[int, Field(ge=0)]
    """Position of the id, from 0."""
    text: Annotated[int, Field(ge=0)]
    """Position of the text, from 0; it reaches to the end of the line."""


class RatingColumns(Part):
    """Positions of the fields in a file of ratings."""

    id: Annotated[int, Field(ge=0)]
    """Position of the id, from 0."""
    ratings: Annotated[int, Field(ge=0)]
    """Position of the list of ratings, such as `[0, -1, 2]`, from 0."""


class TextFiles(Part):
    """The files that hold the texts."""

    files: FilePattern
    """Which files, as a pattern below InputData; `**` stands for folders."""
    columns: TextColumns
    """Where the fields are."""


class RatingFiles(Part):
    """The files that hold every person's ratings."""

    files: FilePattern
    """Which files, as a pattern below InputData; `**` stands for folders."""
    columns: RatingColumns
    """Where the fields are."""


class MultiRaterSource(_Source):
    """Tab-separated texts and, beside them, every person's rating of each text."""

    kind: Literal["multi_rater"]
    texts: TextFiles
    """The texts."""
    ratings: RatingFiles
    """The ratings; a text's rating is their mean, and each goes along as the attribute `ratings`."""
    rater_block: Annotated[int, Field(ge=1)] | None = None
    """So many lines on end share their people, one a position in the list; else nobody is told apart."""


class TableColumns(Part):
    """Names of the columns."""

    text: Text
    """The review's text."""
    rating: Text
    """The rating or, under the label rule named_class, the name of the class."""
    id: Text | None = None
    """The review's id; without it a review is named by a hash of its text."""
    group: Text | None = None
    """The group id, for group.rule = "column"."""
    event_time: Text | None = None
    """When the review was written, for event_time.rule = "column"."""


class Query(Part):
    """A query whose result is this source: `bertline upload` runs it and stores Parquet files."""

    engine: Literal["duckdb", "athena"]
    """duckdb runs on the files of the local folder, athena in the account."""
    sql: Text
    """A SELECT whose result has the columns that this source names."""


class TableSource(_Source):
    """A table with a header (CSV, TSV), one JSON object a line (JSONL), or Parquet; also in gz and zip."""

    kind: Literal["table"]
    format: Literal["csv", "tsv", "jsonl", "parquet"]
    """Format of the files. CSV is read with quotation marks, TSV without."""
    files: FilePattern
    """Which files, as a pattern below InputData; `**` stands for folders, `.gz` and `.zip` are unpacked."""
    columns: TableColumns
    """Which column is what."""
    attributes: dict[Name, Text] = Field(default_factory=dict)
    """Further columns to carry with each review, under the name on the left; slices may use them.

    `ratings` is what several people said, a JSON list of numbers; `raters` who they were, as long a list.
    """
    required: list[Text] = Field(default_factory=list)
    """Further columns that must be filled; a row without one is a bad row."""
    query: Query | None = None
    """The query that makes the files; only with format = "parquet"."""

    @model_validator(mode="after")
    def _query_makes_one_parquet_file(self) -> Self:
        if self.query is not None and self.format != "parquet":
            raise ValueError("query goes with format = 'parquet': its result is stored as Parquet")
        if self.query is not None and set(self.files) & set("*?["):
            raise ValueError("files must name the one file that the query makes, such as 'joined.parquet'")
        return self

    def column_names(self) -> list[str]:
        """Every column that is read, each once, in the contract's order."""
        named = self.columns.model_dump(exclude_none=True).values()
        return list(dict.fromkeys([*named, *self.attributes.values(), *self.required]))


Source = Annotated[MultiRaterSource | TableSource, Field(discriminator="kind")]
