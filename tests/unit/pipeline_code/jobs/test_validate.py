import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_code.jobs import validate
from pipeline_code.jobs.entry import ArgumentsError
from pipeline_code.reviews.cleaning.minhash import shingles_of, similarity
from pipeline_code.reviews.contract import ContractError
from pipeline_code.reviews.encoder import EncoderError
from pipeline_code.reviews.identity import RowsHash
from pipeline_code.reviews.sources import SourceError
from pipeline_code.reviews.splits import SplitError
from pipeline_code.reviews.store import SCHEMA, parquet_files, read_batches
from pipeline_code.reviews.validation import ValidationFailed
from tests.unit.pipeline_code.workspace import Workspace, write_encoder, write_raw

ROOT = Path(__file__).resolve().parents[4]
STARS = ROOT / "config" / "contracts" / "star-ratings.toml"
OUTPUTS = ("reviews", "quarantine", "validation", "dataset")
LONG = "this phone has a bright screen and the battery lasts for two days of heavy use without any charge"
VOCABULARY = [f"word{number}" for number in range(2000)]
Rows = list[tuple[str, str, int]]


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "w").fill()


def arguments(root: Path, encoder: Path, **options: Any) -> list[str]:
    folders = {name: root / name for name in ("contract", "reviews", "quarantine", "dataset")}
    folders |= {"input": root / "raw", "encoder": encoder, "report": root / "validation"}
    values = {f"{name}_dir": path for name, path in folders.items()}
    shares = {"train_split_percentage": 0.6, "validation_split_percentage": 0.2, "test_split_percentage": 0.2}
    values |= {"seed": 1, "max_seq_length": 0, **shares, **options}
    return [item for name, value in values.items() for item in (f"--{name.replace('_', '-')}", str(value))]


def run(root: Path, encoder: Path, **options: Any) -> dict[str, Any]:
    validate.main(arguments(root, encoder, **options))
    return report_of(root)


def report_of(root: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((root / "validation" / "validation.json").read_text())
    return report


def rows_of(root: Path) -> list[dict[str, Any]]:
    paths = parquet_files(root / "reviews", "reviews")
    return [row for path in paths for batch in read_batches(path, SCHEMA.names) for row in batch.to_pylist()]


def quarantine_of(root: Path) -> list[dict[str, Any]]:
    lines = (root / "quarantine" / "quarantine.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def stars(
    root: Path, files: dict[str, Rows], cleaning: str = "", sources: Iterable[str] = ("**/*.csv",)
) -> Path:
    """Write CSV files of (id, text, stars) and a contract for them, with one source for each pattern."""
    for name, rows in files.items():
        path = root / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["review_id", "review_body", "star_rating", "review_date"])
            writer.writerows((*row, "2020-01-02") for row in rows)
    head, _, rest = STARS.read_text().partition("[[sources]]")
    source = rest.partition("[cleaning]")[0]
    declared = "".join(
        f"[[sources]]{source}".replace("**/*.csv", pattern).replace('tag = "reviews"', f'tag = "s{number}"')
        for number, pattern in enumerate(sources)
    )
    gate = "[gate]" + rest.partition("[gate]")[2]
    (root / "contract").mkdir(exist_ok=True)
    content = f"{head}{declared}\n[cleaning]\n{cleaning}\n{gate}"
    (root / "contract" / "contract.toml").write_text(content)
    return root


def texts(count: int, seed: int = 1, words: int = 30) -> list[str]:
    generator = random.Random(seed)  # noqa: S311
    return [" ".join(generator.choices(VOCABULARY, k=words)) for _ in range(count)]


def numbered(found: list[str], prefix: str = "r") -> Rows:
    return [(f"{prefix}{number}", text, number % 5 + 1) for number, text in enumerate(found)]


def break_rows(workspace: Workspace, count: int) -> None:
    path = workspace.root / "raw" / "amazonReviewSnippets_GroundTruth.txt"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[:count] = [line.split(b"\t")[0] + b"\t0\t \r\n" for line in lines[:count]]
    path.write_bytes(b"".join(lines))


def test_good_rows_go_on_and_bad_ones_to_quarantine(workspace: Workspace) -> None:
    break_rows(workspace, 4)
    report = run(workspace.root, workspace.encoder)
    assert (report["rows"], report["quarantined"], report["failed"]) == (200, 4, None)
    assert report["accepted"] == 196 - report["removed"]
    assert report["reasons"] == {"empty_text": 4}
    assert sum(report["classes"].values()) == report["sources"][0]["reviews"] == report["accepted"]
    first = quarantine_of(workspace.root)[0]
    assert (first["file"], first["row"], first["reason"]) == (
        "amazonReviewSnippets_GroundTruth.txt",
        1,
        "empty_text",
    )
    assert len(quarantine_of(workspace.root)) == report["quarantined"] + report["removed"]
    assert len(parquet_files(workspace.root / "reviews", "reviews")) > 1
    assert len(rows_of(workspace.root)) == report["accepted"]


def test_too_many_bad_rows_fail_the_job_after_the_report_and_leave_no_reviews(workspace: Workspace) -> None:
    run(workspace.root, workspace.encoder)
    for card in (workspace.root / "dataset").iterdir():
        card.unlink()
    break_rows(workspace, 24)
    with pytest.raises(ValidationFailed, match=r"12\.0 % of rows quarantined \(limit 5 %\): 24 empty_text"):
        run(workspace.root, workspace.encoder)
    report = report_of(workspace.root)
    assert report["failed"] == "12.0 % of rows quarantined (limit 5 %): 24 empty_text"
    assert (report["quarantined"], report["dataset"]) == (24, None)
    assert sum(line["reason"] == "empty_text" for line in quarantine_of(workspace.root)) == 24
    assert not list((workspace.root / "reviews").iterdir())
    assert not list((workspace.root / "dataset").iterdir())


def test_what_cleaning_removes_does_not_count_towards_the_limit(tmp_path: Path, encoder: Path) -> None:
    rows = numbered(texts(20)) + numbered(texts(20), "again")
    report = run(stars(tmp_path, {"a.csv": rows}), encoder)
    assert (report["rows"], report["removed"], report["accepted"]) == (40, 20, 20)
    assert (report["quarantined"], report["quarantine_share"], report["reasons"]) == (0, 0.0, {})
    receipt = report["cleaning"]["exact_duplicates"]
    assert (receipt["action"], receipt["rows"], len(receipt["samples"])) == ("quarantine", 20, 3)
    line = quarantine_of(tmp_path)[0]
    assert (line["reason"], line["detail"]) == ("exact_duplicates", "the same text: a.csv, row 2")


def test_a_repeated_id_breaks_the_contract(tmp_path: Path, encoder: Path) -> None:
    rows = numbered(texts(40))
    report = run(stars(tmp_path, {"a.csv": rows, "b.csv": [("r7", "another text", 1)]}), encoder)
    assert report["reasons"] == {"duplicate_id": 1}
    (line,) = quarantine_of(tmp_path)
    assert (line["file"], line["detail"]) == ("b.csv", "the id was read before: a.csv, row 9")
    assert "another text" in line["raw"]


def test_equal_texts_without_an_id_column_are_duplicates_and_no_faults(tmp_path: Path, encoder: Path) -> None:
    found = texts(10)
    stars(tmp_path, {"a.csv": numbered(found + found)}, 'conflicting_labels = "count"')
    contract = tmp_path / "contract" / "contract.toml"
    contract.write_text(contract.read_text().replace('id = "review_id", ', ""))
    report = run(tmp_path, encoder)
    assert (report["accepted"], report["removed"], report["reasons"]) == (10, 10, {})
    contract.write_text(contract.read_text().replace("[cleaning]", '[cleaning]\nexact_duplicates = "off"'))
    with pytest.raises(ValidationFailed, match="10 duplicate_id"):
        run(tmp_path, encoder)


def test_nothing_left_is_a_failure(tmp_path: Path, encoder: Path) -> None:
    with pytest.raises(ValidationFailed, match="no row is left of 2: cleaning removed 2"):
        run(stars(tmp_path, {"a.csv": [("a", "one text", 1), ("b", "One text", 5)]}), encoder)
    assert report_of(tmp_path)["cleaning"]["conflicting_labels"]["rows"] == 2


def test_duplicates_are_found_across_sources_and_the_first_source_wins(tmp_path: Path, encoder: Path) -> None:
    found = texts(40)
    copies = [found[0], f"{found[1]} again", *texts(20, seed=2)]
    files = {"z/first.csv": numbered(found), "a/second.csv": numbered(copies, "copy")}
    stars(tmp_path, files, 'conflicting_labels = "off"', ("z/*.csv", "a/*.csv"))
    report = run(tmp_path, encoder)
    assert {row["review_id"] for row in rows_of(tmp_path)} >= {"r0", "r1"}
    assert [(line["file"], line["reason"]) for line in quarantine_of(tmp_path)] == [
        ("a/second.csv", "exact_duplicates"),
        ("a/second.csv", "near_duplicates"),
    ]
    assert [source["reviews"] for source in report["sources"]] == [40, 20]


def test_the_rows_carry_split_key_attributes_and_split(tmp_path: Path, encoder: Path) -> None:
    rows = [("b", LONG, 5), ("a", f"{LONG} again", 5), *numbered(texts(60))]
    report = run(stars(tmp_path, {"a.csv": rows}, 'near_duplicates = "link"'), encoder)
    found = {row["review_id"]: row for row in rows_of(tmp_path)}
    assert list(found["b"]) == SCHEMA.names
    assert (found["b"]["split_key"], found["b"]["group_id"], found["b"]["attributes"]) == ("a", "b", "{}")
    assert found["a"]["split"] == found["b"]["split"]
    counts = {split: tally["rows"] for split, tally in report["splits"].items()}
    assert sum(counts.values()) == 62
    assert {split for split, count in counts.items() if count} == {row["split"] for row in found.values()}
    assert report["cleaning"]["near_duplicates"]["rows"] == 1
    assert report["removed"] == 0


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 30), action=st.sampled_from(["quarantine", "link"]))
def test_no_split_holds_a_near_duplicate_of_a_row_in_another(
    seed: int, action: str, encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    generator = random.Random(seed)  # noqa: S311
    found = []
    for text in texts(25, seed):
        words = text.split()
        for _ in range(generator.randint(1, 6)):
            found.append(" ".join(words))
            words[generator.randrange(len(words))] = generator.choice([*VOCABULARY, ""])
    generator.shuffle(found)
    root = tmp_path_factory.mktemp("splits")
    cleaning = f'near_duplicates = "{action}"\nnear_duplicate_similarity = 0.7\nconflicting_labels = "off"'
    run(stars(root, {"a.csv": numbered(found)}, cleaning), encoder)
    rows = rows_of(root)
    shingles = shingles_of([row["review_body"] for row in rows])
    for one, other in combinations(range(len(rows)), 2):
        if rows[one]["split"] != rows[other]["split"]:
            assert similarity(shingles.of(one), shingles.of(other)) < 0.7


def test_shards_and_the_files_that_rows_came_in_do_not_change_the_dataset(
    tmp_path: Path, encoder: Path
) -> None:
    rows = numbered(texts(90))
    cuts = {"one": {"a.csv": rows}, "two": {"b.csv": rows[:30], "a.csv": rows[30:]}}
    found = {}
    for name, files in cuts.items():
        for shards in (1, 3, 8):
            root = stars(tmp_path / f"{name}-{shards}", files)
            card = run(root, encoder, shards=shards)["dataset"]
            content = RowsHash()
            for row in rows_of(root):
                content.add(row)
            assert card["rows_hash"] == content.hexdigest()
            found[name, shards] = (card["hash"], sorted(map(str, rows_of(root))))
    assert len({str(value) for value in found.values()}) == 1


def test_equal_sources_give_equal_bytes(tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        workspace = Workspace(tmp_path / name).fill()
        run(workspace.root, workspace.encoder)
        files = [path for folder in OUTPUTS for path in (workspace.root / folder).rglob("*")]
        found.append({path.relative_to(workspace.root).as_posix(): path.read_bytes() for path in files})
        assert {path.name for path in workspace.root.iterdir()} >= set(OUTPUTS)
        assert not list(workspace.root.glob(".validate-*"))
    assert found[0] == found[1]


def test_the_card_is_a_file_named_by_the_hash(workspace: Workspace) -> None:
    report = run(workspace.root, workspace.encoder)
    card = report["dataset"]
    (path,) = (workspace.root / "dataset").iterdir()
    assert path.name == f"{card['hash']}.json"
    assert json.loads(path.read_text()) == card
    assert card["rows"] == report["accepted"]
    assert card["contract"] == report["contract"]
    assert [file["name"] for file in card["sources"][0]["files"]] == [
        "amazonReviewSnippets_GroundTruth.txt",
        "amazonReviewSnippets_anonDataRatings.txt",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"max_seq_length": 40},
        {"truncation": "HeadTail"},
        {"split_protocol": "Course"},
        {"test_split_percentage": 0.1, "validation_split_percentage": 0.3},
    ],
)
def test_another_recipe_is_another_dataset(workspace: Workspace, change: dict[str, Any]) -> None:
    before = run(workspace.root, workspace.encoder)["dataset"]
    after = run(workspace.root, workspace.encoder, **change)["dataset"]
    assert before["hash"] != after["hash"]
    (workspace.root / "contract" / "contract.toml").open("a").write("\n# a comment\n")
    assert run(workspace.root, workspace.encoder, **change)["dataset"]["hash"] != after["hash"]


def test_the_length_is_chosen_from_the_data_or_given(tmp_path: Path, encoder: Path) -> None:
    root = stars(tmp_path, {"a.csv": numbered(texts(50, words=27))})
    chosen = run(root, encoder)["lengths"]
    assert (chosen["longest"], chosen["chosen"], chosen["chosen_by"]) == (29, 32, "data")
    assert chosen["histogram"] == {"24": 50}
    report = run(root, encoder, max_seq_length=16)
    assert (report["lengths"]["chosen"], report["lengths"]["chosen_by"]) == (16, "parameter")
    assert report["lengths"]["truncated_share_at_chosen"] == 1.0
    assert report["dataset"]["max_seq_length"] == 16


def test_under_the_course_protocol_the_classes_are_cut_to_the_rarest(tmp_path: Path, encoder: Path) -> None:
    report = run(stars(tmp_path, {"a.csv": numbered(texts(100))}), encoder, split_protocol="Course")
    assert report["classes"] == {"negative": 40, "neutral": 20, "positive": 40}
    assert (report["accepted"], report["left_out"], report["dataset"]["left_out"]) == (100, 40, 40)
    assert report["dataset"]["classes"] == {"negative": 20, "neutral": 20, "positive": 20}
    assert [report["splits"][split]["rows"] for split in ("train", "validation", "test")] == [36, 12, 12]
    assert len(rows_of(tmp_path)) == 60


def test_slices_are_counted(workspace: Workspace) -> None:
    slices = run(workspace.root, workspace.encoder)["slices"]
    rows = rows_of(workspace.root)
    assert slices["short"] == sum(len(row["review_body"].split()) <= 5 for row in rows)


def test_what_was_refused_before_a_source_broke_off_is_kept(workspace: Workspace) -> None:
    ratings = workspace.root / "raw" / "amazonReviewSnippets_anonDataRatings.txt"
    ratings.write_bytes(b"1_1\n" + ratings.read_bytes())
    (workspace.root / "raw" / "amazonReviewSnippets_GroundTruth.txt").write_bytes(b"\0" * 10 + b"\xff\n" * 3)
    broken = workspace.root / "contract" / "contract.toml"
    more = broken.read_text().replace("[cleaning]", _MISSING_SOURCE + "[cleaning]")
    broken.write_text(more)
    with pytest.raises(SourceError, match="no file matches"):
        run(workspace.root, workspace.encoder)
    assert quarantine_of(workspace.root)[0]["reason"] == "too_few_fields"
    assert [path.name for path in (workspace.root / "quarantine").iterdir()] == ["quarantine.jsonl"]
    assert not list((workspace.root / "reviews").iterdir())
    assert not (workspace.root / "validation" / "validation.json").exists()


_MISSING_SOURCE = """
[[sources]]
kind = "multi_rater"
tag = "more"
licence = "MIT"
texts = { files = "missing.txt", columns = { id = 0, text = 2 } }
ratings = { files = "missing.txt", columns = { id = 0, ratings = 3 } }

"""


def test_what_an_earlier_run_left_is_gone(workspace: Workspace) -> None:
    run(workspace.root, workspace.encoder, shards=8)
    report = run(workspace.root, workspace.encoder, shards=1)
    (path,) = parquet_files(workspace.root / "reviews", "reviews")
    assert path.name == "part-00000.parquet"
    assert len(rows_of(workspace.root)) == report["accepted"]
    (workspace.root / "raw" / "amazonReviewSnippets_GroundTruth.txt").unlink()
    with pytest.raises(SourceError):
        run(workspace.root, workspace.encoder)
    assert not parquet_files(workspace.root / "reviews", "reviews")
    assert not (workspace.root / "validation" / "validation.json").exists()


def test_a_killed_job_leaves_nothing_that_looks_complete(tmp_path: Path, encoder: Path) -> None:
    root = stars(tmp_path, {"a.csv": numbered(texts(30_000, words=12))})
    module = [sys.executable, "-m", "pipeline_code.jobs.validate", *arguments(root, encoder)]
    process = subprocess.Popen(module, cwd=ROOT)
    reviews = root / "reviews"
    while not (reviews.exists() and list(reviews.iterdir())):  # the shards are being written
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (root / "validation" / "validation.json").exists()
    assert not (root / "dataset").exists() or not list((root / "dataset").iterdir())
    assert run(root, encoder)["accepted"] == len(rows_of(root)) == 30_000


@pytest.mark.parametrize(
    ("option", "value", "error", "message"),
    [
        ("max_seq_length", 7, EncoderError, "max-seq-length"),
        ("max_seq_length", 65, EncoderError, "64 positions"),
        ("train_split_percentage", 0.9, SplitError, "must add to 1"),
        ("split_protocol", "Random", ArgumentsError, "Hash"),
        ("truncation", "Tail", ArgumentsError, "HeadTail"),
        ("shards", 0, ArgumentsError, "shards"),
    ],
)
def test_a_wrong_argument_is_named_before_anything_is_written(
    workspace, option, value, error, message
) -> None:
    with pytest.raises(error, match=message):
        run(workspace.root, workspace.encoder, **{option: value})
    assert not any((workspace.root / name).exists() for name in OUTPUTS)


def test_an_unknown_cleaning_action_is_an_error_of_the_contract(tmp_path: Path, encoder: Path) -> None:
    with pytest.raises(ContractError, match="near_duplicates"):
        run(stars(tmp_path, {"a.csv": []}, 'near_duplicates = "count"'), encoder)


def test_as_a_process_it_says_one_line_and_needs_no_torch(workspace: Workspace) -> None:
    write_raw(workspace.root / "raw", groups=1, sentences=1)
    (workspace.root / "raw" / "amazonReviewSnippets_anonDataRatings.txt").unlink()
    absent = "torch=None, transformers=None, sklearn=None, datasketch=None, duckdb=None"
    block = f"import sys; sys.modules.update({absent}); "
    code = f"{block}import runpy; runpy.run_module('pipeline_code.jobs.validate', run_name='__main__')"
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments(workspace.root, workspace.encoder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("SourceError: source 'amazon': no file matches")
    assert len(result.stderr.splitlines()) == 1
