import json
from pathlib import Path

import pytest

from pipeline_code.reviews.errors import FileError
from pipeline_code.reviews.preparation import merge_reports
from tests.unit.pipeline_code.workspace import Workspace


def test_hosts_add_up_to_what_one_host_would_report(copy: Workspace) -> None:
    one = merge_reports(copy.root / "prepared")
    shards = sorted((copy.root / "reviews").iterdir())
    for host in ("algo-1", "algo-2"):
        mine = shards[::2] if host == "algo-1" else shards[1::2]
        away = copy.root / "away"
        away.mkdir()
        others = [path.rename(away / path.name) for path in shards if path not in mine]
        copy.prepare(host=host, hosts=("algo-1", "algo-2"))
        for path in others:
            path.rename(copy.root / "reviews" / path.name)
        away.rmdir()
    two = merge_reports(copy.root / "prepared")
    assert two["splits"] == one["splits"]
    assert two["host"] == ["algo-1", "algo-2"]


def test_calls_and_retries_of_the_feature_store_add_up(copy: Workspace) -> None:
    path = copy.root / "prepared" / "prepare-algo-1.json"
    report = json.loads(path.read_text()) | {"hosts": 2}
    stored = {"feature_group": "g", "records": 100, "calls": 5, "retried": 1}
    path.write_text(json.dumps(report | {"feature_store": stored}))
    other = report | {"host": "algo-2", "feature_store": stored | {"calls": 7, "retried": 2}}
    path.with_name("prepare-algo-2.json").write_text(json.dumps(other))
    merged = merge_reports(copy.root / "prepared")["feature_store"]
    assert merged == {"feature_group": "g", "records": 200, "calls": 12, "retried": 3}


def test_a_missing_host_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="expected at least 1"):
        merge_reports(tmp_path)
    (tmp_path / "prepare-algo-1.json").write_text(json.dumps({"hosts": 2}))
    with pytest.raises(FileError, match="holds 1 prepare-<host>.json, expected 2"):
        merge_reports(tmp_path)
