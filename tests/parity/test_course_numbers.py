"""The numbers that the course prints come out of our code: token ids, label counts, split sizes."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pipeline_code.reviews.sources import Fault, Reason
from pipeline_code.reviews.splits import SPLITS, SplitShares, course_split
from pipeline_code.reviews.validation import Review
from tests.parity import course
from tests.parity.course import LABELS, LENGTH

COURSE_SHARES = SplitShares(0.9, 0.05, 0.05)
SEED = 42


def test_the_ids_of_every_golden_row_are_bit_identical(encoder: Path) -> None:
    golden = course.golden_rows()
    ours = course.features([{"review_body": row["review_body"]} for row in golden], encoder)
    assert len(golden) == 616
    assert [course.padded(row) for row in ours] == [row["input_ids"] for row in golden]


def test_the_mask_is_what_padding_says(encoder: Path) -> None:
    golden = course.golden_rows()
    for row, lab in zip(
        course.features([{"review_body": row["review_body"]} for row in golden], encoder), golden, strict=True
    ):
        assert row["attention_mask"] == [1] * (LENGTH - lab["input_ids"].count(course.PAD))


def test_the_ids_come_out_of_the_raw_file_as_well(reviews: list[Review], encoder: Path) -> None:
    """By position after dropna, and with the commas and line ends that the course's copy lost."""
    same, other = [], []
    for row in course.golden_rows():
        text = course.as_in_the_lab(reviews[int(row["review_id"])].review_body)
        (same if text.strip() == row["review_body"].strip() else other).append((text, row))
    # One row of 616 is of another review: the course's copy of the file differs there. The ends of a
    # text are stripped by us, and not in the labs: rows that end in a space have other ids for it.
    assert len(other) == 1
    compared = [(text, row) for text, row in same if row["review_body"] == text]
    assert len(compared) >= 605
    ours = course.features([{"review_body": text} for text, _ in compared], encoder)
    assert [course.padded(row) for row in ours] == [row["input_ids"] for _, row in compared]


def test_the_labels_of_the_golden_rows_are_ours(reviews: list[Review]) -> None:
    differing = [
        row for row in course.golden_rows() if reviews[int(row["review_id"])].label_id != int(row["label_id"])
    ]
    assert len(differing) == 1  # the review that the course's copy has in another place


def test_the_label_counts_are_those_of_the_course_after_dropna(raw: Path) -> None:
    judged = list(course.judged(raw))
    reviews = [item for item in judged if isinstance(item, Review)]
    reasons = Counter(item.reason for item in judged if isinstance(item, Fault))
    assert len(judged) == 23_486
    assert Counter(review.label for review in reviews) == LABELS
    assert set(reasons) == {Reason.EMPTY_TEXT, Reason.MISSING_VALUE}


@pytest.mark.parametrize("seed", [SEED, 7])
def test_the_course_protocol_balances_and_splits_as_the_labs_do(reviews: list[Review], seed: int) -> None:
    labels = np.array([review.label_id for review in reviews])
    splits = course_split([review.review_id for review in reviews], labels, COURSE_SHARES, seed)
    sizes = Counter(splits)
    kept = Counter(int(label) for label, split in zip(labels, splits, strict=True) if split is not None)
    assert [sizes[split] for split in SPLITS] == [5_537, 307, 309]
    assert kept == {0: 2_051, 1: 2_051, 2: 2_051}
    tested = Counter(int(label) for label, split in zip(labels, splits, strict=True) if split == "test")
    assert tested == {0: 103, 1: 103, 2: 103}
