import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_code.reviews.sources import SourceError
from pipeline_code.reviews.store import SCHEMA, parquet_files, read_batches
from pipeline_code.reviews.validation import ValidationFailed
from tests.unit.pipeline_code.workspace import Workspace, write_raw

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "w").fill()


def break_rows(workspace: Workspace, count: int) -> None:
    path = workspace.root / "raw" / "amazonReviewSnippets_GroundTruth.txt"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[:count] = [line.split(b"\t")[0] + b"\t0\t \r\n" for line in lines[:count]]
    path.write_bytes(b"".join(lines))


def test_good_rows_go_on_and_bad_ones_to_quarantine(workspace: Workspace) -> None:
    break_rows(workspace, 4)
    workspace.validate()
    report = json.loads((workspace.root / "validation" / "validation.json").read_text())
    assert (report["rows"], report["accepted"], report["quarantined"]) == (200, 196, 4)
    assert report["failed"] is None
    assert report["reasons"] == {"empty_text": 4}
    assert sum(report["classes"].values()) == 196
    assert report["sources"][0]["reviews"] == 196
    lines = (workspace.root / "quarantine" / "quarantine.jsonl").read_text().splitlines()
    first = json.loads(lines[0])
    assert (first["file"], first["row"], first["reason"]) == (
        "amazonReviewSnippets_GroundTruth.txt",
        1,
        "empty_text",
    )
    paths = parquet_files(workspace.root / "reviews", "reviews")
    assert len(paths) > 1
    assert sum(len(batch) for path in paths for batch in read_batches(path, SCHEMA)) == 196


def test_too_many_bad_rows_fail_the_job_after_the_report(workspace: Workspace) -> None:
    break_rows(workspace, 24)
    with pytest.raises(ValidationFailed, match=r"12\.0 % of rows quarantined \(limit 5 %\): 24 empty_text"):
        workspace.validate()
    report = json.loads((workspace.root / "validation" / "validation.json").read_text())
    assert report["failed"] == "12.0 % of rows quarantined (limit 5 %): 24 empty_text"
    assert report["quarantined"] == 24
    assert len((workspace.root / "quarantine" / "quarantine.jsonl").read_text().splitlines()) == 24


def test_what_was_refused_before_a_source_broke_off_is_kept(workspace: Workspace) -> None:
    ratings = workspace.root / "raw" / "amazonReviewSnippets_anonDataRatings.txt"
    ratings.write_bytes(b"1_1\n" + ratings.read_bytes())
    (workspace.root / "raw" / "amazonReviewSnippets_GroundTruth.txt").unlink()
    with pytest.raises(SourceError, match="no file matches"):
        workspace.validate()
    (line,) = (workspace.root / "quarantine" / "quarantine.jsonl").read_text().splitlines()
    assert json.loads(line)["reason"] == "too_few_fields"
    assert [path.name for path in (workspace.root / "quarantine").iterdir()] == ["quarantine.jsonl"]
    assert not list((workspace.root / "reviews").iterdir())


def test_equal_sources_give_equal_bytes(tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        workspace = Workspace(tmp_path / name).fill()
        workspace.validate()
        files = sorted(
            path for path in workspace.root.rglob("*") if path.is_file() and "encoder" not in path.parts
        )
        found.append({path.relative_to(workspace.root).as_posix(): path.read_bytes() for path in files})
    assert found[0] == found[1]


def test_as_a_process_it_says_one_line_and_needs_no_torch(workspace: Workspace) -> None:
    write_raw(workspace.root / "raw", groups=1, sentences=1)
    (workspace.root / "raw" / "amazonReviewSnippets_anonDataRatings.txt").unlink()
    names = ("input", "contract", "reviews", "quarantine", "report")
    arguments = [item for name in names for item in (f"--{name}-dir", str(workspace.root / name))]
    (workspace.root / "raw").rename(workspace.root / "input")
    block = "import sys; sys.modules.update(torch=None, transformers=None, sklearn=None); "
    code = f"{block}import runpy; runpy.run_module('pipeline_code.jobs.validate', run_name='__main__')"
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("SourceError: source 'amazon': no file matches")
    assert len(result.stderr.splitlines()) == 1
