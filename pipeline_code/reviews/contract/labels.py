"""What y is: the classes, and the rule that turns a raw value into one of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline_code.reviews.contract.part import Name, Part
from pipeline_code.reviews.reasons import Reason, Refused
from pipeline_code.reviews.scalars import number_of, shown, text_of


class LabelClass(Part):
    """One class: its position in the model's output, its name and the value the endpoint answers."""

    id: Annotated[int, Field(ge=0)]
    """Position in the model's output, from 0."""
    name: Name
    """Name of the class in reports, gates and slices."""
    label: int
    """The value that the endpoint answers for this class."""


class _Scale(Part):
    cuts: Annotated[list[float], Field(min_length=1)]
    """Borders between the classes, one fewer than classes, rising."""
    rating_min: float
    """Lowest rating of the scale; lower ones are bad rows."""
    rating_max: float
    """Highest rating of the scale; higher ones are bad rows."""

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

    def decide(self, value: object, class_names: Sequence[str]) -> tuple[int, float | None]:
        """Class id and rating of a raw value.

        Raises
        ------
        Refused
            The value is missing, is no finite number, or lies outside the scale.
        """
        number = number_of(_filled(value))
        if number is None:
            raise Refused(Reason.RATING_NOT_A_NUMBER, f"the rating is {shown(value)}")
        if not self.rating_min <= number <= self.rating_max:
            detail = f"{number:g} is outside {self.rating_min:g} ... {self.rating_max:g}"
            raise Refused(Reason.RATING_OUT_OF_RANGE, detail)
        return self.class_id(number), number

    def problem(self, class_names: Sequence[str]) -> str | None:
        """What keeps this rule from serving these classes, if anything does."""
        if len(self.cuts) != len(class_names) - 1:
            return f"label_rule.cuts: {len(class_names)} classes need {len(class_names) - 1} cuts"
        return None


class StarRating(_Scale):
    """From stars to a class: `cuts` part the scale into the classes, in their order.

    A rating equal to a cut belongs to the class nearer the middle of the scale.
    """

    kind: Literal["star_rating"]


class MeanHumanRating(_Scale):
    """From the mean of several people's ratings to a class: `cuts` part the scale, in the classes' order.

    A mean equal to a cut belongs to the class nearer the middle of the scale, so cuts of -0.5 and 0.5
    leave both ends to the middle class.
    """

    kind: Literal["mean_human_rating"]


class NamedClass(Part):
    """The rating column already names the class; `values` says which spelling means which class."""

    kind: Literal["named_class"]
    values: Annotated[dict[str, Name], Field(min_length=1)]
    """From what the column holds, such as "neg" or "0", to the name of a class."""

    def decide(self, value: object, class_names: Sequence[str]) -> tuple[int, float | None]:
        """Class id of a raw value; there is no rating.

        Raises
        ------
        Refused
            The value is missing, or is none of `values`.
        """
        spelling = None if isinstance(_filled(value), dict | list) else text_of(value)
        if spelling not in self.values:
            known = ", ".join(sorted(self.values)[:10])
            raise Refused(Reason.UNKNOWN_CLASS, f"{shown(value)} is none of label_rule.values ({known})")
        return class_names.index(self.values[spelling]), None

    def problem(self, class_names: Sequence[str]) -> str | None:
        """What keeps this rule from serving these classes, if anything does."""
        unknown = sorted(set(self.values.values()) - set(class_names))
        if unknown:
            return f"label_rule.values: no such class: {', '.join(unknown)}"
        never = [name for name in class_names if name not in self.values.values()]
        return f"label_rule.values: no value means {', '.join(never)}" if never else None


LabelRule = Annotated[StarRating | MeanHumanRating | NamedClass, Field(discriminator="kind")]


def _filled(value: object) -> object:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Refused(Reason.MISSING_RATING, "the rating is missing")
    return value
