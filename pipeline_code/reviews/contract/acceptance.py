"""What a model must reach: baselines, slices to look at, examples that must pass, and the gate's bounds."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline_code.reviews.contract.part import Name, Part, Pattern, Positive, Share, Text


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


class AgreementSlice(_Slice):
    """Reviews by how far the people who rated them agree: the share of their commonest class."""

    kind: Literal["agreement"]
    min_share: Share = 0.0
    """Least share; 1 means that all said the same."""
    max_share: Share = 1.0
    """Greatest share."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.max_share < self.min_share:
            raise ValueError("max_share must not be less than min_share")
        return self


Slice = Annotated[
    PatternSlice | AttributeSlice | SourceSlice | LabelSlice | WordsSlice | AgreementSlice,
    Field(discriminator="kind"),
]


class Literature(Part):
    """A published figure, shown beside the model's."""

    name: Text
    """What reached it, and on what."""
    metric: Literal["accuracy", "macro_f1"]
    """Which figure it is."""
    value: Share
    """The figure."""
    source: Text
    """Where it is published."""


class Baselines(Part):
    """What the model is compared with, beside the commonest class, TF-IDF, people and the live model."""

    rules: Literal["vader", "off"] = "off"
    """vader: VADER's word list and rules, for English texts and the labels -1, 0 and 1."""
    literature: list[Literature] = Field(default_factory=list)
    """Published figures."""


class ErrorTag(Part):
    """A tag of our own for the error analysis."""

    name: Name
    """Name of the tag."""
    pattern: Pattern
    """Texts in which this regular expression finds something have the tag."""


class MustPass(Part):
    """An example that a model has to get right."""

    text: Text
    """The text of the example."""
    label: Name
    """Name of its class."""


class LiveBound(Part):
    """How the model must compare with the live one on the same rows."""

    margin: Share = 0.02
    """By how much accuracy and macro-F1 may fall short, as the lower end of the interval shows it."""
    when_unsure: Literal["refuse", "pass"] = "refuse"
    """What happens when the interval is too wide to tell."""


class Constraints(Part):
    """What the model may weigh and cost; measured on the spot, on the machine of Evaluate."""

    artifact_mb: Positive | None = None
    """Size of model.tar.gz, in MB of 1,000,000 bytes."""
    p95_ms: Positive | None = None
    """95th percentile of the latency of one text, in milliseconds."""
    memory_mb: Positive | None = None
    """Highest resident memory of a process that serves the model, in MB."""
    cost_per_1000: Positive | None = None
    """US dollars for 1,000 answers on a busy endpoint instance."""


class GateFloors(Part):
    """What a model must reach before it may be registered."""

    accuracy: Share = 0.0
    """Least accuracy on the test split; the parameter MinAccuracyValue applies beside it."""
    macro_f1: Share
    """Least macro-F1 on the test split."""
    recall: dict[Name, Share]
    """Least recall of a class, by its name."""
    macro_f1_margin_over_tfidf: Share
    """By how much macro-F1 must exceed that of TF-IDF with logistic regression."""
    human_recall_share: Share | None = None
    """Least recall of each class as a share of one person's, where several people rated the test texts."""
    max_calibration_error: Share | None = None
    """Greatest expected calibration error."""
    critical_slice_floor: Share | None = None
    """Least accuracy in each critical slice, as the lower end of the interval."""
    slice_margin: Share = 0.05
    """By how much accuracy in a critical slice may fall below the live model's."""
    slice_min_rows: Annotated[int, Field(ge=1)] = 20
    """Critical slices with fewer test rows are reported and not judged."""
    live: LiveBound = LiveBound()
    """How the model must compare with the live one."""
    constraints: Constraints = Constraints()
    """What the model may weigh and cost."""
    bootstrap_samples: Annotated[int, Field(ge=100, le=100_000)]
    """Resamples of the test split for the intervals beside each figure."""
