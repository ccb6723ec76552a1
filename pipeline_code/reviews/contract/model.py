"""The data contract as a whole, and what must hold between its sections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Self

from pydantic import Field, PrivateAttr, model_validator

from pipeline_code.reviews.contract.acceptance import (
    AttributeSlice,
    Baselines,
    ErrorTag,
    GateFloors,
    LabelSlice,
    MustPass,
    Slice,
    SourceSlice,
)
from pipeline_code.reviews.contract.labels import LabelClass, LabelRule, NamedClass
from pipeline_code.reviews.contract.part import Name, Part, Share
from pipeline_code.reviews.contract.rules import Cleaning, EventTime, GroupRule
from pipeline_code.reviews.contract.sources import MultiRaterSource, Source, TableSource

MAX_TEXT_CHARACTERS = 100_000  # what an endpoint accepts (serving/inference.py): a longer text trains in vain


class Contract(Part):
    """A checked data contract."""

    name: Name
    """Name of the contract."""
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    """Version, such as 1.0.0: a changed contract has a new one."""
    description: str
    """What the reviews are, in a sentence."""
    max_quarantine_share: Share
    """Share of bad rows above which Validate fails."""
    max_text_characters: Annotated[int, Field(ge=1, le=MAX_TEXT_CHARACTERS)]
    """Longer texts are bad rows."""
    classes: Annotated[list[LabelClass], Field(min_length=2)]
    """The classes, in the order of the model's outputs."""
    label_rule: LabelRule
    """From a raw value to a class."""
    group: GroupRule
    """Which rows must stay together."""
    event_time: EventTime
    """When a review was written."""
    sources: Annotated[list[Source], Field(min_length=1)]
    """Where the reviews come from."""
    cleaning: Cleaning = Cleaning()
    """What happens to rows that satisfy the contract but would harm a model."""
    slices: list[Slice] = Field(default_factory=list)
    """Parts of the data whose figures are reported by themselves."""
    must_pass: list[MustPass] = Field(default_factory=list)
    """Examples that a model has to get right."""
    baselines: Baselines = Baselines()
    """What the model is compared with."""
    error_tags: list[ErrorTag] = Field(default_factory=list)
    """Tags for the error analysis, beside the automatic ones."""
    gate: GateFloors
    """Bounds for a model's figures on the test split."""

    _sha256: str = PrivateAttr("")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        yield from self._class_problems()
        yield from self._source_problems()
        yield from self._slice_problems()
        yield from self._must_pass_problems()
        yield from self._baseline_problems()

    def _class_problems(self) -> Iterator[str]:
        if [item.id for item in self.classes] != list(range(len(self.classes))):
            yield "classes: ids must be 0, 1, 2 ... in order"
        if _repeated(self.class_names) or _repeated([item.label for item in self.classes]):
            yield "classes: every class needs its own name and label"
        problem = self.label_rule.problem(self.class_names)
        if problem:
            yield problem
        unknown = set(self.gate.recall) - set(self.class_names)
        if unknown:
            yield f"gate.recall: no such class: {', '.join(sorted(unknown))}"

    def _source_problems(self) -> Iterator[str]:
        repeated = _repeated([source.tag for source in self.sources])
        if repeated:
            yield f"sources: every source needs its own tag; more than one has {', '.join(repeated)}"
        for number, source in enumerate(self.sources):
            columns = source.columns if isinstance(source, TableSource) else None
            if self.group.rule == "column" and (columns is None or columns.group is None):
                yield f"sources.{number}.columns.group: needed by group.rule = 'column'"
            if self.event_time.rule == "column" and (columns is None or columns.event_time is None):
                yield f"sources.{number}.columns.event_time: needed by event_time.rule = 'column'"
            if isinstance(source, MultiRaterSource) and isinstance(self.label_rule, NamedClass):
                yield f"sources.{number}: ratings of several people need a label_rule with a scale"
            named = source.attributes if isinstance(source, TableSource) else {}
            if "ratings" in named and isinstance(self.label_rule, NamedClass):
                yield f"sources.{number}.attributes.ratings: needs a label_rule with a scale"
            if "raters" in named and "ratings" not in named:
                yield f"sources.{number}.attributes.raters: goes with the attribute ratings"

    def _slice_problems(self) -> Iterator[str]:
        repeated = _repeated([item.name for item in self.slices])
        if repeated:
            yield f"slices: every slice needs its own name; more than one has {', '.join(repeated)}"
        tags = [source.tag for source in self.sources]
        for number, item in enumerate(self.slices):
            if isinstance(item, AttributeSlice) and item.attribute not in self.attribute_names:
                yield f"slices.{number}.attribute: no source carries an attribute '{item.attribute}'"
            if isinstance(item, SourceSlice) and item.source not in tags:
                yield f"slices.{number}.source: no source has the tag '{item.source}'"
            if isinstance(item, LabelSlice) and item.label not in self.class_names:
                yield f"slices.{number}.label: no such class: {item.label}"

    def _must_pass_problems(self) -> Iterator[str]:
        for number, item in enumerate(self.must_pass):
            if item.label not in self.class_names:
                yield f"must_pass.{number}.label: no such class: {item.label}"
            if not item.text.strip() or len(item.text) > self.max_text_characters:
                yield f"must_pass.{number}.text: must be filled and at most max_text_characters long"

    def _baseline_problems(self) -> Iterator[str]:
        labels = sorted(item.label for item in self.classes)
        if self.baselines.rules == "vader" and not set(labels) <= {-1, 0, 1}:
            yield f"baselines.rules: VADER answers -1, 0 and 1, the classes' labels are {labels}"
        repeated = _repeated([item.name for item in self.error_tags])
        if repeated:
            yield f"error_tags: every tag needs its own name; more than one has {', '.join(repeated)}"

    @property
    def class_names(self) -> list[str]:
        """Class names in the order of their ids."""
        return [item.name for item in self.classes]

    @property
    def attribute_names(self) -> list[str]:
        """Names of all attributes that a source carries, sorted."""
        tables = [source for source in self.sources if isinstance(source, TableSource)]
        names = {name for source in tables for name in source.attributes}
        several = [source for source in self.sources if isinstance(source, MultiRaterSource)]
        names |= {"ratings"} if several else set()
        names |= {"raters"} if any(source.rater_block for source in several) else set()
        return sorted(names)

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the contract file's bytes; empty for a contract that came from no file."""
        return self._sha256

    def describe(self) -> dict[str, str]:
        """Name, version and hash, as they travel with every file made under this contract."""
        return {"name": self.name, "version": self.version, "sha256": self._sha256}


def _repeated(values: Sequence[str | int]) -> list[str]:
    return [str(value) for value, count in Counter(values).items() if count > 1]
