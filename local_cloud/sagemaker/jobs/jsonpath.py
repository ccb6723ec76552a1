"""The JSONPath that the filters of batch transform know: children, indexes, slices and wildcards."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_cloud.sagemaker.errors import validation

_NAME = re.compile(r"\.([A-Za-z_][\w-]*)|\.(\*)")
_BRACKET = re.compile(r"\[([^\]]*)\]")
_QUOTED = re.compile(r"""\s*(?:'([^']*)'|"([^"]*)")\s*""")
_INDEX = re.compile(r"\s*(-?\d+)\s*")
_SLICE = re.compile(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*")

Step = Callable[[Any], Any]


class NotThere(Exception):
    """A value has no member or element that a path names."""


@dataclass(frozen=True)
class Path:
    """A compiled expression."""

    text: str
    steps: tuple[Step, ...]

    @property
    def everything(self) -> bool:
        """Whether it is ``$``: nothing is left out."""
        return not self.steps

    def select(self, value: Any) -> Any:
        """The part of a value that the path names.

        Raises
        ------
        NotThere
            The value has no such part.
        """
        for step in self.steps:
            value = step(value)
        return value


def compile_path(text: str, member: str) -> Path:
    """Compile an expression; `member` is where the request has it.

    Raises
    ------
    ServiceError
        It is none, or uses what batch transform does not know.
    """
    rest, steps = text, []
    if not rest.startswith("$"):
        raise validation(f"{member} '{text}' is not a JSONPath expression: it must start with $")
    rest = rest[1:]
    while rest:
        named, bracket = _NAME.match(rest), _BRACKET.match(rest)
        if named:
            steps.append(_children([named[1]]) if named[1] else _all)
            rest = rest[named.end() :]
        elif bracket and (step := _bracket(bracket[1])):
            steps.append(step)
            rest = rest[bracket.end() :]
        else:
            raise validation(f"{member} '{text}' is not supported: '{rest}' is no child, index, slice or *")
    return Path(text, tuple(steps))


def _bracket(inside: str) -> Step | None:
    if inside.strip() == "*":
        return _all
    parts = inside.split(",")
    quoted = [_QUOTED.fullmatch(part) for part in parts]
    if all(quoted):
        return _children([found[1] if found[1] is not None else found[2] for found in quoted if found])
    pickers: list[int | slice] = []
    for part in parts:
        index, cut = _INDEX.fullmatch(part), _SLICE.fullmatch(part)
        if index:
            pickers.append(int(index[1]))
        elif cut:
            pickers.append(slice(*(int(end) if end else None for end in cut.groups())))
        else:
            return None
    return _elements(pickers)


def _children(names: list[str]) -> Step:
    def step(value: Any) -> Any:
        missing = [name for name in names if not isinstance(value, dict) or name not in value]
        if missing:
            raise NotThere(f"there is no '{missing[0]}'")
        return value[names[0]] if len(names) == 1 else {name: value[name] for name in names}

    return step


def _elements(pickers: list[int | slice]) -> Step:
    def step(value: Any) -> Any:
        if not isinstance(value, list):
            raise NotThere("indexes need an array")
        found: list[Any] = []
        for picker in pickers:
            if isinstance(picker, slice):
                found += value[picker]
            elif -len(value) <= picker < len(value):
                found.append(value[picker])
            else:
                raise NotThere(f"index {picker} is not within its {len(value)} elements")
        return found[0] if len(pickers) == 1 and isinstance(pickers[0], int) else found

    return step


def _all(value: Any) -> Any:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return value
    raise NotThere("* needs an object or an array")
