"""Records are checked, the latest event wins online, and batches report errors entry by entry."""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.sagemaker.errors import ServiceError

from .conftest import FEATURES, NAME, Lake, record, review, values_of


def test_record_comes_back_as_it_was_put(lake: Lake) -> None:
    lake.create()
    lake.put(review(tokens=["1", "2"]))
    assert lake.get("r1") == review(tokens=["1", "2"])
    assert lake.get("r1", FeatureName="text,label_id") == {"text": "fine", "label_id": "2"}
    assert lake.get("unknown") is None


def test_group_is_found_by_its_arn(lake: Lake) -> None:
    arn = lake.create()["FeatureGroupArn"]
    lake.put(review(), name=arn)
    assert lake.get("r1") is not None


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (review(stars="1"), "Feature 'stars' is not defined in feature group the-reviews"),
        ({"event_time": "1.0"}, "identifier feature 'review_id' has no value"),
        ({"review_id": "", "event_time": "1.0"}, "identifier feature 'review_id' has no value"),
        ({"review_id": "r1"}, "event time feature 'event_time' has no value"),
        (review(label_id="2.0"), "Feature 'label_id': '2.0' is not Integral"),
        (review(label_id="9223372036854775808"), "is not Integral"),
        (review(label_id=""), "is not Integral"),
        ({**review(), "event_time": "yesterday"}, "Feature 'event_time': 'yesterday' is not Fractional"),
        ({**review(), "event_time": "nan"}, "is not Fractional"),
        ({**review(), "event_time": "1e300"}, "is not a UNIX time"),
        (review(tokens="1"), "Feature 'tokens' is a collection"),
        (review(tokens=["1", "x"]), "Feature 'tokens': 'x' is not Integral"),
        (review(text=["a"]), "Feature 'text' has no ValueAsString"),
        ({}, "Record must hold at least one feature value"),
    ],
)
def test_wrong_record_is_refused_with_its_reason(lake: Lake, values: dict[str, Any], reason: str) -> None:
    lake.create()
    with pytest.raises(ServiceError, match=reason) as raised:
        lake.put(values)
    assert (raised.value.code, raised.value.status) == ("ValidationError", 400)
    assert lake.get("r1") is None
    assert lake.flush() == {"rows": 0, "files": 0}


def test_feature_given_twice_is_refused(lake: Lake) -> None:
    lake.create()
    body = {"Record": [*record(review()), *record({"text": "again"})]}
    with pytest.raises(ServiceError, match="'text' is given more than once"):
        lake.send("PUT", f"/FeatureGroup/{NAME}", body)


@pytest.mark.parametrize("time", ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.500Z"])
def test_event_time_may_be_iso_text(lake: Lake, time: str) -> None:
    features = [
        {**item, "FeatureType": "String"} if item["FeatureName"] == "event_time" else item
        for item in FEATURES
    ]
    lake.create(FeatureDefinitions=features)
    lake.put({**review(), "event_time": time})
    assert (lake.get("r1") or {})["event_time"] == time
    for wrong in ("1700000000", "2023-11-14", "2023-13-14T22:13:20Z", "2023-11-14T22:13:20+01:00"):
        with pytest.raises(ServiceError, match="event_time"):
            lake.put({**review(), "event_time": wrong})


def test_older_event_does_not_overwrite(lake: Lake) -> None:
    lake.create()
    lake.put(review(at=200.0, text="new"))
    lake.put(review(at=100.0, text="old"))
    assert (lake.get("r1") or {})["text"] == "new"
    lake.put(review(at=200.0, text="same time"))
    assert (lake.get("r1") or {})["text"] == "same time"


@pytest.mark.parametrize(("mode", "survives"), [("SoftDelete", False), ("HardDelete", True)])
def test_deleted_record_is_gone(lake: Lake, mode: str, survives: bool) -> None:
    def delete(at: float) -> None:
        lake.send(
            "DELETE",
            f"/FeatureGroup/{NAME}",
            RecordIdentifierValueAsString="r1",
            EventTime=str(at),
            DeletionMode=mode,
        )

    lake.create()
    lake.put(review(at=100.0))
    delete(50.0)
    assert lake.get("r1") is not None
    delete(200.0)
    assert lake.get("r1") is None
    # A soft delete keeps its event time, so an earlier event does not bring the record back.
    lake.put(review(at=150.0))
    assert (lake.get("r1") is not None) is survives


def test_target_stores(lake: Lake) -> None:
    lake.create()
    lake.put(review("online"), TargetStores=["OnlineStore"])
    lake.put(review("offline"), TargetStores=["OfflineStore"])
    assert lake.get("online") is not None
    assert lake.get("offline") is None
    assert lake.flush()["rows"] == 1
    assert lake.table()["review_id"].to_pylist() == ["offline"]


def test_store_that_the_group_lacks_is_refused(lake: Lake) -> None:
    lake.create(OnlineStoreConfig=None)
    with pytest.raises(ServiceError, match="has no OnlineStore"):
        lake.put(review(), TargetStores=["OnlineStore"])
    with pytest.raises(ServiceError, match="has no OnlineStore"):
        lake.get("r1")
    lake.put(review())
    assert lake.flush()["rows"] == 1


def test_missing_group_is_not_found(lake: Lake) -> None:
    for act in (lambda: lake.get("r1"), lambda: write(lake, review())):
        with pytest.raises(ServiceError, match="can't find a FeatureGroup") as raised:
            act()
        assert (raised.value.code, raised.value.status) == ("ResourceNotFound", 404)


def test_a_record_for_a_missing_group_is_not_valid(lake: Lake) -> None:
    """PutRecord and DeleteRecord have no ResourceNotFound among their errors."""
    with pytest.raises(ServiceError, match="can't find a FeatureGroup") as raised:
        lake.put(review())
    assert (raised.value.code, raised.value.status) == ("ValidationError", 400)


def write(lake: Lake, *reviews: dict[str, Any]) -> dict[str, Any]:
    entries = [{"FeatureGroupName": NAME, "Record": record(values)} for values in reviews]
    answer: dict[str, Any] = lake.send("POST", "/BatchWriteRecord", {"Entries": entries})
    return answer


def test_batch_write_reports_wrong_entries_and_keeps_the_others(lake: Lake) -> None:
    lake.create()
    answer = write(lake, review("a"), review("b", label_id="x"), review("c"))
    assert answer["UnprocessedEntries"] == []
    (error,) = answer["Errors"]
    assert error["ErrorCode"] == "ValidationError"
    assert "'label_id': 'x'" in error["ErrorMessage"]
    assert values_of(error["Entry"]["Record"])["review_id"] == "b"
    assert [lake.get(name) is not None for name in "abc"] == [True, False, True]
    assert lake.flush()["rows"] == 2


@pytest.mark.parametrize("count", [0, 26])
def test_batch_write_takes_1_to_25_entries(lake: Lake, count: int) -> None:
    lake.create()
    with pytest.raises(ServiceError, match="between 1 and 25"):
        write(lake, *(review(str(at)) for at in range(count)))


def test_batch_get_leaves_out_what_is_missing(lake: Lake) -> None:
    lake.create()
    write(lake, review("a"), review("b"))
    wanted = [
        {
            "FeatureGroupName": NAME,
            "RecordIdentifiersValueAsString": ["a", "nobody", "b"],
            "FeatureNames": ["review_id"],
        },
        {"FeatureGroupName": "other", "RecordIdentifiersValueAsString": ["a"]},
    ]
    answer = lake.send("POST", "/BatchGetRecord", {"Identifiers": wanted})
    assert [values_of(item["Record"]) for item in answer["Records"]] == [
        {"review_id": "a"},
        {"review_id": "b"},
    ]
    (error,) = answer["Errors"]
    assert (error["FeatureGroupName"], error["ErrorCode"]) == ("other", "ResourceNotFound")
    assert answer["UnprocessedIdentifiers"] == []


def test_body_that_is_not_json_is_refused(lake: Lake) -> None:
    lake.create()
    for body in ([], "text"):
        with pytest.raises(ServiceError, match="not a JSON object"):
            lake.send("PUT", f"/FeatureGroup/{NAME}", body)
