"""A record holds a row as text; its hash tells whether anything but the split changed."""

import pytest

from pipeline_code.reviews.feature_store.records import corrected, record_of, values_of

from .stores import row


def test_a_record_holds_the_features_of_the_group_as_text() -> None:
    values = values_of(record_of(row("r0"), "0011"))
    assert len(values.pop("record_hash")) == 32
    assert values == {
        "review_id": "r0",
        "event_time": "1401580800.0",
        "review_body": "good \u201cphone\u201d",
        "source": "amazon",
        "label": "positive",
        "label_id": "2",
        "input_ids": "[2,5,3]",
        "attention_mask": "[1,1,1]",
        "length": "3",
        "split": "train",
        "group_id": "g-r0",
        "split_key": "g-r0",
        "attributes": "{}",
        "features_version": "0011",
    }


def test_the_hash_follows_every_value_but_the_split() -> None:
    def hash_of(version: str = "0011", **changes: object) -> str:
        return values_of(record_of(row("r0", **changes), version))["record_hash"]

    assert hash_of(split="test") == hash_of()
    others = [
        hash_of("0012"),
        hash_of(label_id=1),
        hash_of(input_ids=[2, 6, 3]),
        hash_of(split_key="x"),
        hash_of(attributes='{"a":"b"}'),
        hash_of(source="amazonp", label="ositive"),
    ]
    assert len({hash_of(), *others}) == 7


def test_a_correction_is_a_later_event_that_keeps_the_hash() -> None:
    record = record_of(row("r0"), "0011")
    values = values_of(corrected(record, "negative", 0, 1_500_000_000.5))
    before = values_of(record)
    assert {name for name in values if values[name] != before[name]} == {"label", "label_id", "event_time"}
    assert (values["label"], values["label_id"], values["event_time"]) == ("negative", "0", "1500000000.5")
    with pytest.raises(ValueError, match="review r0: a correction must be later"):
        corrected(record, "negative", 0, 1_401_580_800.0)
