"""What a model must reach: floors, slices to look at, and examples that must pass."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline_code.reviews.contract.part import Name, Part, Pattern, Share, Text


class _Slice(Part):
    name: Name
    """Name of the slice in reports."""
    critical: bool = False
    """A slice whose errors cost more than others."""


class PatternSlice(_Slice):
    """Reviews whose text a regular expression finds something in."""

    kind: Literal["pattern"]
    pattern: Pattern
    """Searched anywhere in the text; (?i) at its start ignores case."""


class AttributeSlice(_Slice):
    """Reviews whose attribute has a value."""

    kind: Literal["attribute"]
    attribute: Name
    """Name under which a source carries the attribute."""
    value: str
    """The value, as text; "" means that the attribute is missing."""


class SourceSlice(_Slice):
    """Reviews of one source."""

    kind: Literal["source"]
    source: Name
    """Tag of the source."""


class LabelSlice(_Slice):
    """Reviews of one class."""

    kind: Literal["label"]
    label: Name
    """Name of the class."""


class WordsSlice(_Slice):
    """Reviews of a certain length in words (runs of characters without white space)."""

    kind: Literal["words"]
    min_words: Annotated[int, Field(ge=0)] = 0
    """Fewest words."""
    max_words: Annotated[int, Field(ge=0)] | None = None
    """Most words; no upper bound without it."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.max_words is not None and self.max_words < self.min_words:
            raise ValueError("max_words must not be less than min_words")
        if self.max_words is None and self.min_words == 0:
            raise ValueError("a slice of words needs min_words or max_words")
        return self


Slice = Annotated[
    PatternSlice | AttributeSlice | SourceSlice | LabelSlice | WordsSlice, Field(discriminator="kind")
]


class MustPass(Part):
    """An example that a model has to get right."""

    text: Text
    """The text of the example."""
    label: Name
    """Name of its class."""


class GateFloors(Part):
    """What a model must reach before it may be registered."""

    macro_f1: Share
    """Least macro-F1 on the test split."""
    recall: dict[Name, Share]
    """Least recall of a class, by its name."""
    macro_f1_margin_over_tfidf: Share
    """By how much macro-F1 must exceed that of TF-IDF with logistic regression."""
    bootstrap_samples: Annotated[int, Field(ge=100, le=100_000)]
    """Resamples of the test split for the intervals beside each figure."""
