"""The jobs on the course's file: its numbers in the reports, and what the labs' way would have lost."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline_code.jobs import prepare, validate
from pipeline_code.reviews.cleaning.text import normalised
from tests.parity import course, lab

SPLITS = ("train", "validation", "test")
SIZES = {"train": 5_537, "validation": 307, "test": 309}
Json = dict[str, Any]


def arguments(root: Path, encoder: Path, raw: Path | None, protocol: str, length: int) -> list[str]:
    """What Validate (with `raw`) and Prepare (without) are both told."""
    folders = {"contract": root / "contract", "encoder": encoder, "reviews": root / "reviews"}
    folders |= {"dataset": root / "dataset"}
    if raw is None:
        folders |= {split: root / split for split in SPLITS}
        folders |= {"validation-report": root / "validation", "report": root / "prepared"}
    else:
        folders |= {"input": raw, "quarantine": root / "quarantine", "report": root / "validation"}
    named = [text for name, path in folders.items() for text in (f"--{name}-dir", str(path))]
    shares = ["--train-split-percentage=0.9", *(f"--{s}-split-percentage=0.05" for s in SPLITS[1:])]
    return [*named, *shares, "--split-protocol", protocol, "--seed", "42", "--max-seq-length", str(length)]


def run(root: Path, encoder: Path, raw: Path, contract: str, *, protocol: str, length: int) -> Json:
    (root / "contract").mkdir(parents=True)
    (root / "contract" / "contract.toml").write_text(contract)
    validate.main(arguments(root, encoder, raw, protocol, length))
    report: Json = json.loads((root / "validation" / "validation.json").read_text())
    return report


@pytest.fixture(scope="module")
def course_root(tmp_path_factory: pytest.TempPathFactory, encoder: Path, raw: Path) -> Path:
    """Validate and Prepare under the course's protocol."""
    root = tmp_path_factory.mktemp("course")
    run(root, encoder, raw, course.CONTRACT.read_text(), protocol="Course", length=course.LENGTH)
    config = root / "resourceconfig.json"
    config.write_text('{"current_host": "algo-1", "hosts": ["algo-1"]}')
    prepare.main([*arguments(root, encoder, None, "Course", course.LENGTH), "--resource-config", str(config)])
    return root


def test_the_jobs_report_the_courses_numbers(course_root: Path) -> None:
    report = json.loads((course_root / "validation" / "validation.json").read_text())
    assert report["rows"] == 23_486
    assert report["classes"] == course.LABELS
    assert {split: part["rows"] for split, part in report["splits"].items()} == SIZES
    assert report["left_out"] == 19_662 - 3 * 2_051
    assert report["dataset"]["classes"] == dict.fromkeys(course.LABELS, 2_051)


def test_the_files_hold_as_many_rows(course_root: Path) -> None:
    rows = {
        split: sum(pq.read_metadata(path).num_rows for path in (course_root / split).glob("part-*"))
        for split in SPLITS
    }
    assert rows == SIZES


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory, raw_rows: list[dict[str, str]]) -> Path:
    """The first 400 full reviews, delivered twice: the second time with other ids and in capitals."""
    folder = tmp_path_factory.mktemp("twice")
    first = [row for row in raw_rows if all(row.values())][:400]
    again = [row | {"row": f"again-{row['row']}", "Review Text": row["Review Text"].upper()} for row in first]
    for number, rows in enumerate((first, again)):
        write(folder / f"{number}.csv", rows)
    return folder


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def reviews_of(root: Path) -> Iterator[Json]:
    for path in (root / "reviews").glob("part-*.parquet"):
        yield from pq.read_table(path, columns=["review_body", "split"]).to_pylist()


def straddling(rows: list[tuple[str, str]]) -> set[str]:
    """Texts, apart from case and spacing, that are in more than one split."""
    splits: dict[str, set[str]] = {}
    for text, split in rows:
        splits.setdefault(normalised(text), set()).add(split)
    return {text for text, found in splits.items() if len(found) > 1}


@pytest.mark.parametrize("near", ["quarantine", "link"])
def test_a_text_is_in_one_split_however_often_it_was_delivered(
    tmp_path: Path, encoder: Path, twice: Path, raw_rows: list[dict[str, str]], near: str
) -> None:
    full = [row for row in raw_rows if all(row.values())][:400]
    labelled = [row | {"label_id": (int(row["Rating"]) > 2) + (int(row["Rating"]) > 3)} for row in full]
    again = [row | {"Review Text": row["Review Text"].upper()} for row in labelled]
    theirs = lab.process([[*labelled, *again]])
    assert straddling([(row["Review Text"], split) for split, part in theirs.items() for row in part])

    exact = "quarantine" if near == "quarantine" else "count"
    contract = course.CONTRACT.read_text().replace(
        'exact_duplicates = "count"', f'exact_duplicates = "{exact}"'
    )
    contract = contract.replace('near_duplicates = "off"', f'near_duplicates = "{near}"')
    report = run(tmp_path, encoder, twice, contract, protocol="Hash", length=course.LENGTH)
    ours = [(row["review_body"], row["split"]) for row in reviews_of(tmp_path)]
    assert len(ours) == (800 if near == "link" else 800 - report["removed"])
    assert not straddling(ours)
