"""Human tags: one object a review, whoever runs and whichever model errs."""

import hashlib
import itertools
import json
from collections.abc import Callable

import pytest

from bertline.error_tags import TagStore
from bertline.errors import BadTag, TagConflict
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
    store.add("r1", ["two-products", "sarcasm"])
    assert store.add("r1", ["sarcasm", "bread_2"]) == ["bread_2", "sarcasm", "two-products"]
    store.add("r2", ["other"])
    assert store.read(["r1", "r3"]) == {"r1": ["bread_2", "sarcasm", "two-products"]}


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


@pytest.mark.parametrize("tag", ["", " ", "-x", "a\nb", "a\n", "Sarcasm", "2x", "two products", "é", "[red]"])
def test_a_tag_of_another_form_is_refused(buckets: Buckets, tag: str) -> None:
    with pytest.raises(BadTag, match="cannot be a tag"):
        TagStore(buckets, "artifacts").add("r1", ["good", tag])
    assert not buckets.objects


def test_taking_tags_from_a_review_that_has_none_is_refused(buckets: Buckets) -> None:
    with pytest.raises(BadTag, match=r"r1 has no tag to take away \(it has: none\)"):
        TagStore(buckets, "artifacts").remove("r1", [])


def once(buckets: Buckets, act: Callable[[], object]) -> None:
    """Let somebody else act between the next read and what follows it."""

    def meanwhile() -> None:
        buckets.meanwhile = lambda: None
        act()

    buckets.meanwhile = meanwhile


@pytest.mark.parametrize("before", [[], ["first"]])
def test_two_people_who_tag_at_the_same_time_both_keep_their_tags(
    buckets: Buckets, before: list[str]
) -> None:
    mine, theirs = TagStore(buckets, "artifacts"), TagStore(buckets, "artifacts")
    if before:
        mine.add("r1", before)
    once(buckets, lambda: theirs.add("r1", ["theirs"]))
    assert mine.add("r1", ["mine"]) == [*before, "mine", "theirs"]
    assert mine.read(["r1"]) == {"r1": [*before, "mine", "theirs"]}


def test_taking_all_away_leaves_what_somebody_gives_meanwhile(buckets: Buckets) -> None:
    store = TagStore(buckets, "artifacts")
    store.add("r1", ["mine"])
    once(buckets, lambda: TagStore(buckets, "artifacts").add("r1", ["theirs"]))
    assert store.remove("r1", ["mine"]) == ["theirs"]
    assert store.read(["r1"]) == {"r1": ["theirs"]}


def test_adding_to_tags_that_are_taken_away_meanwhile_keeps_what_is_new(buckets: Buckets) -> None:
    store = TagStore(buckets, "artifacts")
    store.add("r1", ["old"])
    once(buckets, lambda: TagStore(buckets, "artifacts").remove("r1", []))
    assert store.add("r1", ["new"]) == ["new"]


def test_tags_that_others_change_all_the_time_are_given_up_without_a_write(buckets: Buckets) -> None:
    others = itertools.count()

    def another() -> None:
        ((place, _),) = buckets.objects.items()
        buckets.objects[place] = json.dumps({"review_id": "r1", "tags": [f"n{next(others)}"]}).encode()

    store = TagStore(buckets, "artifacts")
    store.add("r1", ["first"])
    buckets.meanwhile = another
    with pytest.raises(TagConflict, match="r1 were changed by others meanwhile: try again"):
        store.add("r1", ["mine"])
    buckets.meanwhile = lambda: None
    assert "mine" not in store.read(["r1"])["r1"]
