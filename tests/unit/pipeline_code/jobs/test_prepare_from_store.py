import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.reviews.dataset import read_features
from pipeline_code.reviews.preparation import merge_reports
from pipeline_code.reviews.retrieval import RetrievalError
from tests.unit.pipeline_code.feature_group import FeatureGroup
from tests.unit.pipeline_code.jobs.test_prepare import FOLDERS, report_of, rows_of
from tests.unit.pipeline_code.workspace import Workspace

GROUP = {"feature_group_name": "reviews"}


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> FeatureGroup:
    store = FeatureGroup()
    store.install(monkeypatch)
    return store


def as_of(seconds: float) -> dict[str, Any]:
    told = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return {"features_as_of": told.replace("+00:00", "Z"), **GROUP}


def files_of(workspace: Workspace) -> dict[str, bytes]:
    paths = [path for folder in FOLDERS.values() for path in (workspace.root / folder).iterdir()]
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in paths}


def stored_card(workspace: Workspace) -> tuple[str, dict[str, Any]]:
    (path,) = (workspace.root / "stored-datasets").iterdir()
    return path.name.split(".")[0], json.loads(path.read_text())


def test_all_rows_reach_the_feature_group_and_a_second_run_writes_none(
    copy: Workspace, group: FeatureGroup
) -> None:
    copy.prepare(**GROUP)
    counts = {"feature_group": "reviews", "unchanged": 0, "superseded": 0, "retried": 0}
    stored = report_of(copy)["feature_store"]
    assert stored.pop("calls") >= 200 / 25
    assert stored == counts | {"records": 200}
    copy.prepare(**GROUP)
    stored = report_of(copy)["feature_store"]
    assert (stored["records"], stored["unchanged"], stored["calls"]) == (0, 200, 0)
    assert len(group.events) == 200


def test_the_store_gives_the_rows_that_the_run_wrote(copy: Workspace, group: FeatureGroup) -> None:
    copy.prepare(**GROUP)
    written, run = rows_of(copy), report_of(copy)
    copy.prepare(**as_of(2000))
    assert rows_of(copy) == written
    report = report_of(copy)
    assert report["retokenised"] == 0
    assert report["splits"] == run["splits"]
    assert report["dataset"]["hash"] == run["dataset"]["hash"]
    assert len(group.settled) == 200
    name, card = stored_card(copy)
    assert name == card["hash"] == read_features(copy.root / "train", "train").dataset_hash
    assert (card["features"], card["feature_group"]) == ("1970-01-01T00:33:20.000Z", "reviews")
    assert [(source["tag"], source["reviews"]) for source in card["sources"]] == [("amazon", 200)]


def test_as_of_is_bit_equal_after_a_correction_and_a_later_time_sees_it(
    copy: Workspace, group: FeatureGroup
) -> None:
    copy.prepare(**GROUP)
    copy.prepare(**as_of(2000))
    before, first = files_of(copy), stored_card(copy)
    changed = next(name for name, row in rows_of(copy).items() if row["label"] == "positive")
    group.clock = 3000.0
    group.correct(changed, "negative", 0)
    copy.prepare(**as_of(2000))
    assert files_of(copy) == before
    assert stored_card(copy) == first
    copy.prepare(**as_of(4000))
    assert rows_of(copy)[changed]["label"] == "negative"
    assert rows_of(copy)[changed]["event_time"] > 0
    assert report_of(copy)["dataset"]["hash"] != first[0]
    assert report_of(copy)["feature_store"]["superseded"] == 1


def test_the_snapshot_is_taken_before_the_run_writes(copy: Workspace, group: FeatureGroup) -> None:
    with pytest.raises(RetrievalError, match="held no reviews at that time"):
        copy.prepare(**as_of(2000))
    assert not group.events


def test_rows_with_outdated_ids_are_tokenised_again(
    prepared: Workspace, copy: Workspace, group: FeatureGroup
) -> None:
    copy.validate(max_seq_length="16")
    copy.prepare(max_seq_length="16", **GROUP)
    copy.validate()
    copy.prepare(**as_of(2000))
    assert report_of(copy)["retokenised"] == 200
    assert rows_of(copy) == rows_of(prepared)
    assert report_of(copy)["splits"] == report_of(prepared)["splits"]


def test_without_a_given_length_the_stored_texts_choose_it(copy: Workspace, group: FeatureGroup) -> None:
    copy.prepare(**GROUP)
    copy.validate(max_seq_length="0")
    copy.prepare(max_seq_length="0", **as_of(2000))
    assert read_features(copy.root / "train", "train").max_seq_length == 24
    assert report_of(copy)["splits"]["train"]["truncated"] == 0


@pytest.mark.parametrize("hosts", [2, 5])
def test_hosts_share_a_snapshot(copy: Workspace, group: FeatureGroup, hosts: int) -> None:
    copy.prepare(**GROUP)
    copy.prepare(**as_of(2000))
    rows, one = rows_of(copy), merge_reports(copy.root / "prepared")
    for path in [path for folder in FOLDERS.values() for path in (copy.root / folder).iterdir()]:
        path.unlink()
    (copy.root / "prepared" / "prepare-algo-1.json").unlink()
    copy.prepare_on(hosts, **as_of(2000))
    several = merge_reports(copy.root / "prepared")
    assert rows_of(copy) == rows
    assert several["splits"] == one["splits"]
    assert several["dataset"] == one["dataset"]
    print(f"1 host and {hosts} hosts from the store: dataset {several['dataset']['hash']}")


def test_the_course_protocol_works_on_stored_rows(copy: Workspace, group: FeatureGroup) -> None:
    copy.prepare(**GROUP)
    copy.validate(split_protocol="Course")
    copy.prepare(split_protocol="Course")
    from_run = rows_of(copy)
    copy.prepare(split_protocol="Course", **as_of(2000))
    assert rows_of(copy) == from_run
    assert report_of(copy)["dataset"]["left_out"] == 200 - len(from_run)


def test_a_label_that_is_no_class_is_named(copy: Workspace, group: FeatureGroup) -> None:
    copy.prepare(**GROUP)
    group.correct("1_1", "furious", 0)
    with pytest.raises(RetrievalError, match="review_id 1_1 of feature group reviews has label 'furious'"):
        copy.prepare(**as_of(2000))


def test_nothing_stays_on_scratch_disk(copy: Workspace, group: FeatureGroup) -> None:
    copy.prepare(**GROUP)
    copy.prepare(**as_of(2000))
    assert not [path for path in Path(copy.root).iterdir() if path.name.startswith(".prepare-")]
