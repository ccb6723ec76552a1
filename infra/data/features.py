"""The features of a review: their names, types and roles, as the feature group stores them."""

from typing import Literal

FeatureType = Literal["String", "Integral", "Fractional"]

RECORD_IDENTIFIER = "review_id"
EVENT_TIME = "event_time"
# Features are only ever added: an existing one cannot be removed, renamed or retyped.
FEATURES: dict[str, FeatureType] = {
    "review_id": "String",
    "event_time": "Fractional",  # UNIX seconds
    "review_body": "String",
    "source": "String",
    "label": "String",
    "label_id": "Integral",
    "input_ids": "String",  # JSON list
    "attention_mask": "String",  # JSON list
    "length": "Integral",
    "split": "String",
    "group_id": "String",
    "split_key": "String",  # whose hash decides the split
    "attributes": "String",  # JSON object
    "features_version": "String",  # tokenizer, length and truncation that made the token ids
    "record_hash": "String",
}
