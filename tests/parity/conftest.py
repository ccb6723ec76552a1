"""The course's files, written once; without them the suite is skipped, and says so."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline_code.reviews.validation import Review
from tests.parity import course


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Skip the suite where the course's data is not there."""
    reason = course.missing()
    for item in items:
        if reason and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the CSV."""
    return course.write_reviews(tmp_path_factory.mktemp("raw")).parent


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The encoder folder with RoBERTa's tokenizer."""
    return course.write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def reviews(raw: Path) -> list[Review]:
    """The reviews that satisfy the contract: what the labs have after dropna."""
    return course.accepted(raw)


@pytest.fixture(scope="session")
def raw_rows(raw: Path) -> list[dict[str, str]]:
    """The CSV as it stands, a dictionary a row."""
    (path,) = raw.iterdir()
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
