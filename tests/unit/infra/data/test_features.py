"""A feature that was released is never removed, renamed, retyped or moved: what is new comes after it."""

from infra.data.features import EVENT_TIME, FEATURES, RECORD_IDENTIFIER
from pipeline_code.reviews.feature_store.records import FEATURES as WRITTEN

# Add a release's features here when it is out; never change a line that is there.
RELEASED = [
    ("review_id", "String"),
    ("event_time", "Fractional"),
    ("review_body", "String"),
    ("source", "String"),
    ("label", "String"),
    ("label_id", "Integral"),
    ("input_ids", "String"),
    ("attention_mask", "String"),
    ("length", "Integral"),
    ("split", "String"),
]


def test_released_features_come_first_and_unchanged() -> None:
    assert list(FEATURES.items())[: len(RELEASED)] == RELEASED


def test_identifier_and_event_time_never_change() -> None:
    assert RELEASED[0][:1] + RELEASED[1][:1] == (RECORD_IDENTIFIER, EVENT_TIME)


def test_jobs_write_the_features_of_the_group() -> None:
    assert set(WRITTEN) == set(FEATURES)
