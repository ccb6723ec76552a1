"""What every section of a data contract is built on: strict values and the small types they share."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A section of a contract: unknown keys are refused, values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


def _below_input(pattern: str) -> str:
    parts = pattern.split("/")
    if not pattern.strip("./ ") or "\0" in pattern:
        raise ValueError("name files, such as '**/*.csv'")
    if pattern.startswith("/") or ".." in parts:
        raise ValueError(f"{pattern!r} leads out of the input: give a path below InputData, without '..'")
    if any("**" in part and part != "**" for part in parts):
        raise ValueError(f"{pattern!r}: '**' stands for folders and needs a '/' after it, as in '**/*.csv'")
    return pattern


def _regular_expression(pattern: str) -> str:
    groups_in(pattern)
    return pattern


def groups_in(pattern: str) -> int:
    """Number of groups of a regular expression; ValueError if it is none."""
    try:
        return re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"pattern {pattern!r} is not a regular expression: {error}") from None


Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Text = Annotated[str, Field(min_length=1)]
Pattern = Annotated[str, AfterValidator(_regular_expression)]
FilePattern = Annotated[str, AfterValidator(_below_input)]
