"""`python -m local_cloud.sagemaker.coverage_table`: all operations of SageMaker, and how each is served."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from local_cloud import server
from local_cloud.sagemaker import coverage, operations

_NOTES = Path(__file__).with_name("coverage.toml")


def table() -> str:
    """The whole document."""
    notes = tomllib.loads(_NOTES.read_text())
    for part in server.PARTS:
        importlib.import_module(f"local_cloud.sagemaker.{part}")
    return "\n".join([notes["lead"], *_counts(notes), *_control(notes), *_runtime(notes), *_refused(notes)])


def _counts(notes: dict[str, Any]) -> Iterator[str]:
    found = [_status(name, served, notes) for name, served in coverage.implemented().items()]
    parts = ", ".join(
        f"{found.count(status)} are {status}" for status in ("implemented", "approximated", "refused")
    )
    yield f"Of the {len(found)} operations of the control plane {parts}.\n"


def _status(name: str, served: str, notes: dict[str, Any]) -> str:
    differs = notes["differs"].get(name, "")
    if served == "refused" or differs.startswith("always refused"):
        return "refused"
    return "approximated" if differs else "implemented"


def _control(notes: dict[str, Any]) -> Iterator[str]:
    """One table an area that has anything to show."""
    for area, names in _areas(notes).items():
        rows = [(name, _status(name, coverage.implemented()[name], notes)) for name in names]
        if all(status == "refused" for _, status in rows):
            continue
        yield f"## {area}\n\n| operation | served | what differs |\n| --- | --- | --- |"
        for name, status in rows:
            yield f"| {name} | {status} | {notes['differs'].get(name, '')} |"
        yield ""


def _runtime(notes: dict[str, Any]) -> Iterator[str]:
    for title, service in notes["runtime"].items():
        model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        yield f"## {title}\n\n| operation | served | what differs |\n| --- | --- | --- |"
        for name in sorted(model.operation_names):
            differs = notes["runtime_differs"].get(name, "")
            status = "approximated" if differs else "implemented"
            if not _has_route(model.operation_model(name)):
                status = "refused"
            yield f"| {name} | {status} | {differs} |"
        yield ""


def _has_route(operation: OperationModel) -> bool:
    path = re.sub(r"\{[^}]+\}", "name", operation.http["requestUri"])
    return operations.find_route(operation.http["method"], path) is not None


def _refused(notes: dict[str, Any]) -> Iterator[str]:
    """The areas of which nothing is served, in a line each."""
    yield "## Refused\n\n| area | operations |\n| --- | --- |"
    for area, names in _areas(notes).items():
        if all(_status(name, coverage.implemented()[name], notes) == "refused" for name in names):
            yield f"| {area} | {', '.join(names)} |"


def _areas(notes: dict[str, Any]) -> dict[str, list[str]]:
    """Every operation of the control plane, by area."""
    areas: dict[str, list[str]] = {one["name"]: [] for one in notes["area"]}
    for name in coverage.implemented():
        area = next(one["name"] for one in notes["area"] if re.search(one["match"], name))
        areas[area].append(name)
    return areas


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
