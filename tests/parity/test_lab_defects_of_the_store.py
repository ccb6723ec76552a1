"""The labs write features to a store that nothing reads: a correction there changes no training data."""

import csv
import io
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline_code.reviews.feature_store import Ingestion, snapshot
from pipeline_code.reviews.feature_store.records import corrected, record_of, values_of
from pipeline_code.reviews.validation import Review
from tests.parity import course, lab
from tests.unit.pipeline_code.reviews.feature_store.stores import GROUP, START, Store

DAY = 86_400.0
VERSION = "1"


def training_file(rows: list[dict[str, str]]) -> str:
    """What the labs' training reads: the file that the processing job wrote beside the store."""
    content = io.StringIO()
    writer = csv.DictWriter(content, list(rows[0]), delimiter="\t")
    writer.writeheader()
    writer.writerows(rows)
    return content.getvalue()


def features_of(reviews: list[Review], encoder: Path) -> list[dict[str, Any]]:
    rows = [asdict(review) | {"split_key": review.group_id, "split": "train"} for review in reviews]
    return course.features(rows, encoder)


def test_a_corrected_label_reaches_the_next_training_run(
    reviews: list[Review], encoder: Path, tmp_path: Path
) -> None:
    rows = features_of(reviews[:20], encoder)
    wrong = rows[0]
    name, other = wrong["review_id"], (wrong["label_id"] + 1) % 3

    theirs = [lab.stored(row) for row in rows]
    file, written = training_file(theirs), list(theirs)
    written.append(theirs[0] | {"label_id": str(other)})  # the correction, an event like all others
    assert training_file(theirs) == file  # which training goes on reading

    store = Store()
    Ingestion(store, GROUP.name, VERSION).write(rows)
    event = record_of(wrong, VERSION)
    store.now = START + DAY
    label = course.contract().class_names[other]
    store.put(values_of(corrected(event, label, other, wrong["event_time"] + 1)))
    held = {
        day: {row["review_id"]: row for batch in taken.batches() for row in batch}
        for day in (0, 1)
        if (taken := snapshot(store, GROUP, START + day * DAY, tmp_path / str(day)))
    }
    assert held[0][name]["label_id"] == wrong["label_id"]
    assert held[1][name]["label_id"] == other
    assert held[1][name]["input_ids"] == wrong["input_ids"]
    assert {key: row for key, row in held[1].items() if key != name} == {
        key: row for key, row in held[0].items() if key != name
    }


def test_what_is_stored_comes_back_in_its_type(reviews: list[Review], encoder: Path, tmp_path: Path) -> None:
    rows = features_of(reviews[:20], encoder)
    theirs = lab.stored(rows[0])
    assert {type(value) for value in theirs.values()} == {str}  # the ids too: a list as text
    store = Store()
    Ingestion(store, GROUP.name, VERSION).write(rows)
    back = [row for batch in snapshot(store, GROUP, START, tmp_path).batches() for row in batch]
    kept = ("review_id", "label_id", "event_time", "input_ids", "attributes")
    assert sorted(([row[name] for name in kept] for row in back), key=str) == sorted(
        ([row[name] for name in kept] for row in rows), key=str
    )
