"""Rules for rows: which belong together, when they were written, and how they are cleaned."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline_code.reviews.contract.part import Part, groups_in
from pipeline_code.reviews.scalars import EARLIEST, LATEST

Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]


class GroupRule(Part):
    """Which rows must never straddle two splits: those that share this group id."""

    rule: Literal["id", "column", "id_pattern"]
    """id: every row is its own group; column: columns.group; id_pattern: a part of the id."""
    pattern: str | None = None
    """For id_pattern: a regular expression whose one group ( ) is the group id."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.rule == "id_pattern") != (self.pattern is not None):
            raise ValueError("pattern goes with rule = 'id_pattern', and only with it")
        if self.pattern is not None and groups_in(self.pattern) != 1:
            raise ValueError("pattern must have exactly one group ( ): the group id")
        return self


class EventTime(Part):
    """When a review was written: a constant for a source without dates, or columns.event_time."""

    rule: Literal["constant", "column"]
    """constant, or column: columns.event_time, in ISO 8601 or UNIX seconds."""
    constant: datetime | None = None
    """For constant: the time of every review, with its time zone."""

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


class Cleaning(Part):
    """What happens to rows that satisfy the contract but would harm a model; every rule is counted.

    quarantine removes the rows, count only reports them, off does not look.
    """

    html_entities: Literal["decode", "off"] = "decode"
    """Turn &amp; and its like, as far as they end in a semicolon, into the characters they mean."""
    short_texts: Literal["quarantine", "count", "off"] = "quarantine"
    """Texts with fewer than min_words words."""
    min_words: Annotated[int, Field(ge=1, le=1000)] = 1
    """For short_texts; a word is a run of letters or digits."""
    foreign_language: Literal["quarantine", "count", "off"] = "off"
    """Texts that are certainly in none of `languages`."""
    languages: list[Language] = Field(default_factory=lambda: ["en"], min_length=1)
    """For foreign_language: ISO 639-1 codes of the languages to keep."""
    language_min_characters: Annotated[int, Field(ge=1)] = 40
    """For foreign_language: shorter texts are not judged."""
    language_certainty: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.95
    """For foreign_language: how certain the detector must be."""
    conflicting_labels: Literal["quarantine", "majority", "count", "off"] = "quarantine"
    """One text with different labels: remove all of its rows, or keep the label of the majority."""
    exact_duplicates: Literal["quarantine", "count", "off"] = "quarantine"
    """The same text again, whatever its case and spacing: the first row stays."""
    near_duplicates: Literal["quarantine", "link", "off"] = "quarantine"
    """Nearly the same text: the first row stays, or (link) all stay but share one split."""
    near_duplicate_similarity: Annotated[float, Field(ge=0.5, le=0.99)] = 0.85
    """Share of three-word sequences that two texts must have in common (Jaccard) to be near duplicates."""
