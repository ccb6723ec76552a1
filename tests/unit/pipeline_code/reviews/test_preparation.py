import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.reviews.errors import FileError
from pipeline_code.reviews.preparation import merge_reports
from tests.unit.pipeline_code.workspace import Workspace


def empty(tally: dict[str, Any]) -> dict[str, Any]:
    """The tally of a host without rows."""
    return {name: {} if isinstance(value, dict) else 0 for name, value in tally.items()} | {
        "content_hash": "0" * 64
    }


def test_calls_and_retries_of_the_feature_store_add_up(copy: Workspace) -> None:
    path = copy.root / "prepared" / "prepare-algo-1.json"
    report = json.loads(path.read_text()) | {"hosts": 2, "retokenised": 3}
    stored = {"feature_group": "g", "records": 100, "unchanged": 4, "superseded": 1, "calls": 5, "retried": 1}
    path.write_text(json.dumps(report | {"feature_store": stored}))
    other = report | {"host": "algo-2", "feature_store": stored | {"calls": 7, "retried": 2}}
    other["splits"] = {split: empty(tally) for split, tally in report["splits"].items()}
    path.with_name("prepare-algo-2.json").write_text(json.dumps(other))
    merged = merge_reports(copy.root / "prepared")
    assert merged["feature_store"] == {
        "feature_group": "g",
        "records": 200,
        "unchanged": 8,
        "superseded": 2,
        "calls": 12,
        "retried": 3,
    }
    assert merged["retokenised"] == 6


def test_rows_lost_between_validate_and_prepare_are_noticed(copy: Workspace) -> None:
    lost = sorted((copy.root / "reviews").iterdir())[0]
    lost.unlink()
    copy.prepare()
    with pytest.raises(FileError, match="rows were lost or doubled on the way"):
        merge_reports(copy.root / "prepared")


def test_hosts_of_two_datasets_do_not_mix(copy: Workspace) -> None:
    path = copy.root / "prepared" / "prepare-algo-1.json"
    report = json.loads(path.read_text()) | {"hosts": 2}
    path.write_text(json.dumps(report))
    other = report | {"host": "algo-2", "dataset": report["dataset"] | {"hash": "f" * 64}}
    path.with_name("prepare-algo-2.json").write_text(json.dumps(other))
    with pytest.raises(FileError, match="wrote different datasets"):
        merge_reports(copy.root / "prepared")


def test_a_missing_host_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="expected at least 1"):
        merge_reports(tmp_path)
    (tmp_path / "prepare-algo-1.json").write_text(json.dumps({"hosts": 2}))
    with pytest.raises(FileError, match="holds 1 prepare-<host>.json, expected 2"):
        merge_reports(tmp_path)
