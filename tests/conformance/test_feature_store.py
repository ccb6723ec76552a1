"""Feature groups and their online records: what is kept, which event wins, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Account, told
from .makers import feature_group

GROUP = "reviews"
Record = dict[str, str]


class Group:
    """A feature group and its runtime client."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.runtime = account.client("sagemaker-featurestore-runtime")
        account.sagemaker.create_feature_group(FeatureGroupName=GROUP, **feature_group(account))

    def put(self, **values: str) -> None:
        record = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
        self.runtime.put_record(FeatureGroupName=GROUP, Record=record)

    def get(self, identifier: str, **more: Any) -> Record:
        answer = self.runtime.get_record(
            FeatureGroupName=GROUP, RecordIdentifierValueAsString=identifier, **more
        )
        return {one["FeatureName"]: one["ValueAsString"] for one in answer.get("Record", [])}

    def refused(self, operation: str, **params: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            getattr(self.runtime, operation)(**{"FeatureGroupName": GROUP, **params})
        return told(caught.value)


@pytest.fixture
def group(account: Account) -> Group:
    return Group(account)


def test_a_record_is_kept(group: Group) -> None:
    group.put(id="1", at="1700000000", stars="5")
    assert group.get("1") == {"id": "1", "at": "1700000000", "stars": "5"}


def test_a_record_that_is_not_there_is_an_empty_answer(group: Group) -> None:
    """As the API reference says of GetRecord: "an empty result is returned"."""
    assert group.get("none") == {}


def test_the_later_event_wins_whatever_comes_last(group: Group) -> None:
    group.put(id="1", at="1700000100", stars="5")
    group.put(id="1", at="1700000000", stars="1")
    assert group.get("1")["stars"] == "5"
    group.put(id="1", at="1700000200", stars="2")
    assert group.get("1")["stars"] == "2"


def test_features_are_picked(group: Group) -> None:
    group.put(id="1", at="1700000000", stars="5")
    assert group.get("1", FeatureNames=["stars"]) == {"stars": "5"}


@pytest.mark.parametrize("mode", ["SoftDelete", "HardDelete"])
def test_a_deleted_record_is_gone(group: Group, mode: str) -> None:
    group.put(id="1", at="1700000000", stars="5")
    group.runtime.delete_record(
        FeatureGroupName=GROUP,
        RecordIdentifierValueAsString="1",
        EventTime="1700000100",
        DeletionMode=mode,
    )
    assert group.get("1") == {}


@pytest.mark.parametrize(
    "values",
    [
        {"id": "1", "stars": "5"},
        {"at": "1700000000", "stars": "5"},
        {"id": "1", "at": "1700000000", "stars": "five"},
        {"id": "1", "at": "yesterday", "stars": "5"},
        {"id": "1", "at": "1700000000", "colour": "red"},
    ],
    ids=["no event time", "no identifier", "type", "event time", "unknown feature"],
)
def test_a_record_that_does_not_fit_is_refused(group: Group, values: Record) -> None:
    record = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
    code, message = group.refused("put_record", Record=record)
    assert code == "ValidationError"
    assert message


@pytest.mark.parametrize(
    ("operation", "code", "params"),
    [
        ("put_record", "ValidationError", {"Record": [{"FeatureName": "id", "ValueAsString": "1"}]}),
        ("get_record", "ResourceNotFound", {"RecordIdentifierValueAsString": "1"}),
        (
            "delete_record",
            "ValidationError",
            {"RecordIdentifierValueAsString": "1", "EventTime": "1700000000"},
        ),
    ],
)
def test_a_group_that_is_not_there_is_missed(
    group: Group, operation: str, code: str, params: dict[str, Any]
) -> None:
    """With the errors that botocore's model has for each."""
    got = group.refused(operation, **{**params, "FeatureGroupName": "none"})
    assert got[0] == code
    assert "can't find a FeatureGroup with name none" in got[1]


def test_records_are_read_in_batches(group: Group) -> None:
    group.put(id="1", at="1700000000", stars="5")
    asked = {"FeatureGroupName": GROUP, "RecordIdentifiersValueAsString": ["1", "none"]}
    missing = {"FeatureGroupName": "none", "RecordIdentifiersValueAsString": ["1"]}
    answer = group.runtime.batch_get_record(Identifiers=[asked, missing])
    assert [one["RecordIdentifierValueAsString"] for one in answer["Records"]] == ["1"]
    assert [one["ErrorCode"] for one in answer["Errors"]] == ["ResourceNotFound"]
    assert answer["UnprocessedIdentifiers"] == []


def test_features_are_added(group: Group) -> None:
    sagemaker = group.account.sagemaker
    added = [{"FeatureName": "country", "FeatureType": "String"}]
    sagemaker.update_feature_group(FeatureGroupName=GROUP, FeatureAdditions=added)
    described = sagemaker.describe_feature_group(FeatureGroupName=GROUP)
    assert [one["FeatureName"] for one in described["FeatureDefinitions"]] == ["id", "at", "stars", "country"]
    assert described["LastUpdateStatus"]["Status"] == "Successful"
    group.put(id="1", at="1700000000", country="UK")
    assert group.get("1")["country"] == "UK"


def test_a_group_can_be_named_by_its_arn(group: Group) -> None:
    arn = group.account.arn(f"feature-group/{GROUP}")
    assert group.account.sagemaker.describe_feature_group(FeatureGroupName=arn)["FeatureGroupArn"] == arn
    group.put(id="1", at="1700000000")
    answer = group.runtime.get_record(FeatureGroupName=arn, RecordIdentifierValueAsString="1")
    assert answer["Record"][0]["ValueAsString"] == "1"


def _feature(name: str, kind: str = "String") -> dict[str, str]:
    return {"FeatureName": name, "FeatureType": kind}


@pytest.mark.parametrize(
    "changed",
    [
        {"RecordIdentifierFeatureName": "none"},
        {"EventTimeFeatureName": "none"},
        {"EventTimeFeatureName": "stars"},
        {"FeatureDefinitions": [_feature("id"), _feature("at", "Fractional"), _feature("is_deleted")]},
        {"FeatureDefinitions": [_feature("id"), _feature("at", "Fractional"), _feature("id")]},
        {"OnlineStoreConfig": {"EnableOnlineStore": False}},
    ],
    ids=["identifier", "event time", "type of event time", "reserved name", "doubled name", "no store"],
)
def test_a_group_that_cannot_work_is_refused(account: Account, changed: dict[str, Any]) -> None:
    params = {**feature_group(account), **changed}
    code, _ = account.refused("create_feature_group", FeatureGroupName="g", **params)
    assert code == "ValidationException"


def test_groups_are_listed_by_status(group: Group) -> None:
    listed = group.account.sagemaker.list_feature_groups
    created = listed(FeatureGroupStatusEquals="Created")["FeatureGroupSummaries"]
    assert [one["FeatureGroupName"] for one in created] == [GROUP]
    assert listed(FeatureGroupStatusEquals="Deleting")["FeatureGroupSummaries"] == []


def test_identifiers_are_listed_in_pages_and_those_of_deleted_records_on_request(group: Group) -> None:
    for name in ("1", "2", "3"):
        group.put(id=name, at="1700000000")
    group.runtime.delete_record(
        FeatureGroupName=GROUP, RecordIdentifierValueAsString="2", EventTime="1700000100"
    )
    first = group.runtime.list_records(FeatureGroupName=GROUP, MaxResults=1)
    second = group.runtime.list_records(FeatureGroupName=GROUP, NextToken=first["NextToken"])
    assert first["RecordIdentifiers"] + second["RecordIdentifiers"] == ["1", "3"]
    assert "NextToken" not in second
    everything = group.runtime.list_records(FeatureGroupName=GROUP, IncludeSoftDeletedRecords=True)
    assert everything["RecordIdentifiers"] == ["1", "2", "3"]
    assert group.refused("list_records", FeatureGroupName="none")[0] == "ResourceNotFound"
    assert group.refused("list_records", NextToken="made-up")[0] == "ValidationError"


def _changeable(account: Account) -> Group:
    params = feature_group(account)
    params["OnlineStoreConfig"]["StorageType"] = "InMemory"
    account.sagemaker.create_feature_group(FeatureGroupName=GROUP, **params)
    found = Group.__new__(Group)
    found.account, found.runtime = account, account.client("sagemaker-featurestore-runtime")
    found.put(id="1", at="1700000000", stars="5")
    return found


def _update(group: Group, identifier: str = "1", **values: str) -> None:
    features = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
    group.runtime.update_record(
        FeatureGroupName=GROUP, RecordIdentifierValueAsString=identifier, Features=features
    )


def test_single_features_of_a_record_are_updated(account: Account) -> None:
    group = _changeable(account)
    _update(group, stars="4")
    assert group.get("1") == {"id": "1", "at": "1700000000", "stars": "4"}
    _update(group, stars="3", at="1700000100")
    assert group.get("1") == {"id": "1", "at": "1700000100", "stars": "3"}


@pytest.mark.parametrize(
    ("identifier", "values", "code"),
    [
        ("1", {"stars": "1", "at": "1600000000"}, "ConflictException"),
        ("none", {"stars": "1"}, "ResourceNotFound"),
        ("1", {"colour": "red"}, "ValidationError"),
        ("1", {"stars": "many"}, "ValidationError"),
        ("1", {"id": "2"}, "ValidationError"),
    ],
)
def test_an_update_that_cannot_be_is_refused(
    account: Account, identifier: str, values: Record, code: str
) -> None:
    """As the reference of UpdateRecord has it: an older event conflicts, a record must be there."""
    group = _changeable(account)
    with pytest.raises(ClientError) as caught:
        _update(group, identifier, **values)
    assert told(caught.value)[0] == code
    assert group.get("1") == {"id": "1", "at": "1700000000", "stars": "5"}


def test_updates_are_for_some_kinds_of_online_stores(group: Group) -> None:
    group.put(id="1", at="1700000000")
    features = [{"FeatureName": "stars", "ValueAsString": "1"}]
    code, message = group.refused("update_record", RecordIdentifierValueAsString="1", Features=features)
    assert code == "ValidationError"
    assert "Standard_V2" in message
