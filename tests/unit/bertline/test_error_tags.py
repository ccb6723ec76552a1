"""Human tags: one object a review, whoever runs and whichever model errs."""

import hashlib
import json

import pytest

from bertline.error_tags import BadTag, TagStore
from tests.unit.bertline.error_fixtures import Buckets


@pytest.fixture
def buckets() -> Buckets:
    return Buckets()


def test_tags_are_kept_under_the_hash_of_the_review_without_its_text(buckets: Buckets) -> None:
    store = TagStore(buckets, "artifacts")
    assert store.add("a/../b", ["sarcasm"]) == ["sarcasm"]
    ((bucket, key),) = buckets.objects
    assert (bucket, key) == ("artifacts", f"error-tags/{hashlib.sha256(b'a/../b').hexdigest()}.json")
    assert json.loads(buckets.objects[bucket, key]) == {"review_id": "a/../b", "tags": ["sarcasm"]}


def test_tags_add_up_and_reviews_without_any_are_left_out(buckets: Buckets) -> None:
    store = TagStore(buckets, "artifacts")
    store.add("r1", ["two products", "sarcasm"])
    assert store.add("r1", ["sarcasm", "bread & butter"]) == ["bread & butter", "sarcasm", "two products"]
    store.add("r2", ["other"])
    assert store.read(["r1", "r3"]) == {"r1": ["bread & butter", "sarcasm", "two products"]}


def test_untagging_takes_the_named_tags_or_all_and_leaves_no_empty_object(buckets: Buckets) -> None:
    store = TagStore(buckets, "artifacts")
    store.add("r1", ["a", "b", "c"])
    assert store.remove("r1", ["b"]) == ["a", "c"]
    assert store.remove("r1", []) == []
    assert not buckets.objects


def test_a_tag_that_is_not_there_is_named_and_nothing_changes(buckets: Buckets) -> None:
    store = TagStore(buckets, "artifacts")
    store.add("r1", ["a"])
    with pytest.raises(BadTag, match=r"r1 has no tag b \(it has: a\)"):
        store.remove("r1", ["a", "b"])
    assert store.read(["r1"]) == {"r1": ["a"]}


@pytest.mark.parametrize("tag", ["", " ", "-x", "a\nb", "x" * 41, "[red]"])
def test_a_tag_that_would_spoil_tables_is_refused(buckets: Buckets, tag: str) -> None:
    with pytest.raises(BadTag, match="cannot be a tag"):
        TagStore(buckets, "artifacts").add("r1", ["good", tag])
    assert not buckets.objects
