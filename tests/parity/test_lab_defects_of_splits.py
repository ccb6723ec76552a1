"""Defects of the labs' sampling, splitting and batching: their way fails the property, ours holds it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.sources import Row
from pipeline_code.reviews.splits import SplitShares, course_split
from pipeline_code.reviews.training.loop import steps_per_epoch
from pipeline_code.reviews.training.parameters import TrainingParameters
from pipeline_code.reviews.validation import Judge, Review
from tests.parity import course, lab

SHARES = SplitShares(0.9, 0.05, 0.05)


@pytest.fixture(scope="module")
def rows(reviews: list[Review]) -> list[dict[str, Any]]:
    return [asdict(review) for review in reviews]


def ids(rows: Sequence[dict[str, Any]]) -> set[str]:
    return {row["review_id"] for row in rows}


def positive_share(rows: Sequence[dict[str, Any]]) -> float:
    counts = lab.label_counts(rows)
    return float(counts[2] / counts.total())


def ours(rows: Sequence[dict[str, Any]], split: str) -> list[dict[str, Any]]:
    return [row for row in rows if SHARES.split_of(row["group_id"]) == split]


def test_a_model_is_tested_on_the_classes_as_they_come(rows: list[dict[str, Any]]) -> None:
    """A test split in which every class is as frequent says nothing about traffic: 77 % is positive."""
    traffic = positive_share(rows)
    theirs = positive_share(lab.process([rows])["test"])
    assert traffic == pytest.approx(0.77, abs=0.005)
    assert theirs == pytest.approx(1 / 3)
    assert positive_share(ours(rows, "test")) == pytest.approx(traffic, abs=0.03)


def test_no_labelled_review_is_thrown_away(rows: list[dict[str, Any]]) -> None:
    theirs = sum(len(part) for part in lab.process([rows]).values())
    assert theirs == 6_153
    assert sum(len(ours(rows, split)) for split in lab.SPLITS) == len(rows) == 19_662


def test_a_missing_title_does_not_cost_a_review(raw_rows: list[dict[str, str]]) -> None:
    with_text = [row for row in raw_rows if row["Review Text"]]
    optional = course.contract().model_copy(
        update={"sources": [course.contract().sources[0].model_copy(update={"required": []})]}
    )
    accepted = [row for row in with_text if isinstance(judge(optional, row), Review)]
    assert len(lab.dropna(raw_rows)) < 0.9 * len(with_text)
    assert len(accepted) == len(with_text) == 22_641


def test_the_same_seed_gives_the_same_split(rows: list[dict[str, Any]]) -> None:
    first, second = lab.process([rows]), lab.process([rows])
    assert ids(first["test"]) != ids(second["test"])

    def splits(seed: int) -> list[str | None]:
        labels = np.array([row["label_id"] for row in rows])
        return course_split([row["review_id"] for row in rows], labels, SHARES, seed)

    assert splits(42) == splits(42)
    assert splits(42) != splits(43)
    assert ids(ours(rows, "test")) == ids(ours(rows[::-1], "test"))


def test_a_new_row_leaves_all_other_ids_alone(raw_rows: list[dict[str, str]]) -> None:
    new = {**next(row for row in raw_rows if all(row.values())), "row": "new"}

    def theirs(rows: list[dict[str, str]]) -> dict[str, Any]:
        return {row["row"]: row["review_id"] for row in lab.dropna(rows)}

    def mine(rows: list[dict[str, str]]) -> dict[str, str]:
        judged = {row["row"]: judge(course.contract(), row) for row in rows}
        return {name: item.review_id for name, item in judged.items() if isinstance(item, Review)}

    before, after = theirs(raw_rows), theirs([new, *raw_rows])
    assert all(after[name] != position for name, position in before.items())
    before, after = mine(raw_rows), mine([new, *raw_rows])
    assert {name: after[name] for name in before} == before


def judge(contract: Contract, values: dict[str, str]) -> object:
    """Our verdict on one row of the file; columns that must be filled are the readers' to check."""
    source = contract.sources[0]
    missing = [name for name in getattr(source, "required", ()) if not values[name].strip()]
    row = Row("file", 1, "", text=values["Review Text"], rating=values["Rating"], id=values["row"])
    return missing or Judge(contract).check(row, source)


def test_more_files_give_the_same_dataset(rows: list[dict[str, Any]]) -> None:
    """Each instance balancing and splitting its own file is no scale-out: the dataset changes.

    Files are seldom mixed alike, so the second one here holds few negative reviews.
    """
    rare = [row for row in rows if row["label_id"] == 0]
    common = [row for row in rows if row["label_id"] != 0]
    files = [rare[200:] + common[::2], rare[:200] + common[1::2]]
    assert sum(map(len, files)) == len(rows)
    one, two = lab.process([rows]), lab.process(files)
    assert sum(map(len, one.values())) == 3 * 2_051
    assert sum(map(len, two.values())) < 0.75 * 3 * 2_051
    assert len(two["test"]) != len(one["test"])
    for split in lab.SPLITS:
        union = set().union(*(ids(ours(part, split)) for part in files))
        assert union == ids(ours(rows, split))


def test_an_epoch_sees_every_training_row() -> None:
    seen = sum(map(len, lab.batches(range(5_537), 64, steps=50)))
    assert seen == 3_200
    ours = TrainingParameters(train_batch_size=64)
    assert steps_per_epoch(5_537, ours, hosts=1) * ours.train_batch_size >= 5_537
