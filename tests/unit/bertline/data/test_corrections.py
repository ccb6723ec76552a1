"""Corrections are checked as a whole before the first one is written; each is an event of now."""

import time
from pathlib import Path

import pytest

from bertline.data import corrections
from bertline.data.records import OnlineStore
from bertline.errors import BadCorrection

from .conftest import FakeRuntime, record

CLASSES = {"negative": 0, "neutral": 1, "positive": 2}


def written(folder: Path, text: str) -> Path:
    path = folder / "corrections.csv"
    path.write_text(text, encoding="utf-8")
    return path


def writes(runtime: FakeRuntime) -> list[str]:
    return [what for what, _ in runtime.calls if what != "read"]


def test_a_file_gives_labels_by_id_and_other_columns_do_not_matter(tmp_path: Path) -> None:
    path = written(tmp_path, '\ufeffwho,review_id,label\nme,a,negative\nme,"b,1",positive\n')
    assert corrections.read(path, CLASSES) == {"a": "negative", "b,1": "positive"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,label\na,negative\n", "there is no column review_id"),
        ("", "no column review_id and no column label"),
        ("review_id,label\n", "no correction in it"),
        ("review_id,label\na,negative\nb,happy\n", r"line 3: 'happy' is no class .*negative, neutral"),
        ("review_id,label\na\n", "line 2: review_id and label must both be filled"),
        ("review_id,label\na, \n", "line 2: review_id and label must both be filled"),
        ("review_id,label\na,negative\na,negative\n", "line 3: review 'a' comes a second time"),
        ('review_id,label\na,"negative\n', "is no CSV file in UTF-8"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_remedy(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadCorrection, match=said):
        corrections.read(written(tmp_path, text), CLASSES)


def test_files_that_are_not_there_or_not_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadCorrection, match=r"nowhere\.csv cannot be read: No such file"):
        corrections.read(tmp_path / "nowhere.csv", CLASSES)
    (tmp_path / "x.csv").write_bytes(b"review_id,label\n\xff,negative\n")
    with pytest.raises(BadCorrection, match=r"x\.csv is no CSV file in UTF-8"):
        corrections.read(tmp_path / "x.csv", CLASSES)


def test_a_correction_is_an_event_of_now_that_keeps_everything_else(
    store: OnlineStore, runtime: FakeRuntime
) -> None:
    before, start = runtime.records["a"], time.time()
    done = corrections.correct(store, {"a": "negative"}, CLASSES)
    after = runtime.records["a"]
    assert (done.written, done.unchanged) == (1, 0)
    assert (after["label"], after["label_id"]) == ("negative", "0")
    assert start - 0.01 <= float(after["event_time"]) <= time.time()
    changed = {"label", "label_id", "event_time"}
    assert {k: v for k, v in after.items() if k not in changed} == {
        k: v for k, v in before.items() if k not in changed
    }
    assert after["record_hash"] == "hash of a"


def test_a_label_that_is_right_already_gets_no_event(store: OnlineStore, runtime: FakeRuntime) -> None:
    done = corrections.correct(store, {"a": "positive", "b": "positive"}, CLASSES)
    assert (done.written, done.unchanged) == (1, 1)
    assert runtime.records["a"]["event_time"] == "1000.0"


def test_a_second_time_changes_nothing(store: OnlineStore) -> None:
    corrections.correct(store, {"a": "negative"}, CLASSES)
    assert corrections.correct(store, {"a": "negative"}, CLASSES).written == 0


def test_an_unknown_review_stops_all_corrections(store: OnlineStore, runtime: FakeRuntime) -> None:
    with pytest.raises(BadCorrection, match="no record of review 'zz': nothing was written"):
        corrections.correct(store, {"a": "negative", "zz": "negative"}, CLASSES)
    assert writes(runtime) == []


def test_many_unknown_reviews_are_counted_not_listed(store: OnlineStore) -> None:
    with pytest.raises(BadCorrection, match="no record of 200 reviews, first 'u0', 'u1', 'u2', 'u3', 'u4':"):
        corrections.correct(store, {f"u{at}": "negative" for at in range(200)}, CLASSES)


def test_a_record_of_the_future_cannot_be_corrected_and_says_so(
    store: OnlineStore, runtime: FakeRuntime
) -> None:
    runtime.records["f"] = record("f", event_time=str(time.time() + 1000))
    with pytest.raises(BadCorrection, match="event time of review 'f' lies in the future"):
        corrections.correct(store, {"a": "negative", "f": "negative"}, CLASSES)
    assert writes(runtime) == []


def test_deletion_is_soft_and_checked_first(store: OnlineStore, runtime: FakeRuntime) -> None:
    with pytest.raises(BadCorrection, match="no record of review 'zz'"):
        corrections.delete(store, ["a", "zz"])
    assert writes(runtime) == []
    assert corrections.delete(store, ["a", "a", "b"]) == 2
    assert set(runtime.records) == {"c"}
